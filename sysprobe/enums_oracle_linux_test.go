package sysprobe

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// psutilConstants prints every constant of psutil whose name is in capitals, those of
// other systems too, which are in files that no other system imports, and the numbers
// of Python's own enums that psutil groups sockets by.
const psutilConstants = `import ast, json, pathlib, psutil, socket
found = {n: getattr(psutil, n) for n in dir(psutil) if n.isupper() and not n.startswith("_")}
for file in ("_common.py", "_pslinux.py", "_psbsd.py", "_pswindows.py"):
    for node in ast.walk(ast.parse((pathlib.Path(psutil.__file__).parent / file).read_text())):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id.isupper():
                    found.setdefault(target.id, node.value.value)
for node in ast.walk(ast.parse((pathlib.Path(psutil.__file__).parent / "_pswindows.py").read_text())):
    if isinstance(node, ast.ImportFrom):  # of its C extension, which has them of a header of Windows
        found.update({a.name: "of Windows" for a in node.names if a.name.endswith("_PRIORITY_CLASS")})
for name in ("AF_UNSPEC", "AF_UNIX", "AF_INET", "AF_INET6", "SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW", "SOCK_SEQPACKET"):
    found[name] = getattr(socket, name)
print(json.dumps({n: int(v) if isinstance(v, int) else v for n, v in found.items() if isinstance(v, (int, str))}))`

// psutilEnum is an enum of ours by the prefix of the names of psutil's constants.
type psutilEnum struct {
	prefix string
	ours   map[string]fmt.Stringer // by the rest of the name
	// byNumber says that psutil's constants are numbers; elsewhere they are words.
	byNumber bool
}

var psutilEnums = map[string]psutilEnum{
	"State": {prefix: "STATUS_", ours: map[string]fmt.Stringer{
		"RUNNING": StateRunning, "SLEEPING": StateSleeping, "DISK_SLEEP": StateDiskSleep, "STOPPED": StateStopped,
		"TRACING_STOP": StateTracingStop, "ZOMBIE": StateZombie, "DEAD": StateDead, "WAKE_KILL": StateWakeKill, "WAKING": StateWaking,
		"IDLE": StateIdle, "PARKED": StateParked, "LOCKED": StateLocked, "WAITING": StateWaiting, "SUSPENDED": StateSuspended,
	}},
	"ConnStatus": {prefix: "CONN_", ours: map[string]fmt.Stringer{
		"NONE": ConnNone, "ESTABLISHED": ConnEstablished, "SYN_SENT": ConnSynSent, "SYN_RECV": ConnSynRecv, "FIN_WAIT1": ConnFinWait1,
		"FIN_WAIT2": ConnFinWait2, "TIME_WAIT": ConnTimeWait, "CLOSE": ConnClose, "CLOSE_WAIT": ConnCloseWait, "LAST_ACK": ConnLastAck,
		"LISTEN": ConnListen, "CLOSING": ConnClosing, "DELETE_TCB": ConnDeleteTCB,
	}},
	"Duplex": {prefix: "NIC_DUPLEX_", byNumber: true, ours: map[string]fmt.Stringer{
		"UNKNOWN": DuplexUnknown, "HALF": DuplexHalf, "FULL": DuplexFull,
	}},
	"Family": {prefix: "AF_", byNumber: true, ours: map[string]fmt.Stringer{
		"UNSPEC": FamilyUnspec, "UNIX": FamilyUnix, "INET": FamilyInet, "INET6": FamilyInet6, "LINK": FamilyLink,
	}},
	"SocketType": {prefix: "SOCK_", byNumber: true, ours: map[string]fmt.Stringer{
		"STREAM": SocketStream, "DGRAM": SocketDatagram, "RAW": SocketRaw, "SEQPACKET": SocketSeqPacket,
	}},
	"IOPrioClass": {prefix: "IOPRIO_CLASS_", byNumber: true, ours: map[string]fmt.Stringer{
		"NONE": IOPrioNone, "RT": IOPrioRT, "BE": IOPrioBE, "IDLE": IOPrioIdle,
	}},
	"IOHint": {prefix: "IOPRIO_", byNumber: true, ours: map[string]fmt.Stringer{
		"VERYLOW": IOHintVeryLow, "LOW": IOHintLow, "NORMAL": IOHintNormal, "HIGH": IOHintHigh,
	}},
	"Resource": {prefix: "RLIMIT_", byNumber: true, ours: map[string]fmt.Stringer{
		"CPU": ResourceCPU, "FSIZE": ResourceFileSize, "DATA": ResourceData, "STACK": ResourceStack, "CORE": ResourceCore, "RSS": ResourceRSS,
		"NPROC": ResourceProcesses, "NOFILE": ResourceFiles, "MEMLOCK": ResourceMemLock, "AS": ResourceMemory, "LOCKS": ResourceLocks,
		"SIGPENDING": ResourceSigPending, "MSGQUEUE": ResourceMsgQueue, "NICE": ResourceNice, "RTPRIO": ResourceRTPriority, "RTTIME": ResourceRTTime,
	}},
}

// psutilAlone are constants of enums of psutil that no value of ours stands for, and
// why.
var psutilAlone = map[string]string{
	"POWER_TIME_UNKNOWN": "batteries are not in this package", "POWER_TIME_UNLIMITED": "likewise",
	"RLIM_INFINITY": "an absent part of a Limit is unlimited",
}

// priorityClasses are psutil's names of the priority classes of Windows, with the
// numbers that the table of dwPriorityClass of SetPriorityClass
// (processthreadsapi.h, https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-setpriorityclass)
// gives these: psutil for Linux does not have them.
var priorityClasses = map[string]struct {
	ours   PriorityClass
	number uint16
}{
	"ABOVE_NORMAL_PRIORITY_CLASS": {PriorityAboveNormal, 0x8000},
	"BELOW_NORMAL_PRIORITY_CLASS": {PriorityBelowNormal, 0x4000},
	"HIGH_PRIORITY_CLASS":         {PriorityHigh, 0x80},
	"IDLE_PRIORITY_CLASS":         {PriorityIdle, 0x40},
	"NORMAL_PRIORITY_CLASS":       {PriorityNormal, 0x20},
	"REALTIME_PRIORITY_CLASS":     {PriorityRealtime, 0x100},
}

// TestPsutilEnumsOracle compares every constant of psutil with the value of ours: the
// number where psutil has numbers, the text where it has words. TestEnums has each of
// these come back from text and JSON.
func TestPsutilEnumsOracle(t *testing.T) {
	out, err := exec.Command(sysprobetest.NeedPython(t, "psutil"), "-c", psutilConstants).Output()
	check(t, err)
	var theirs map[string]any
	check(t, json.Unmarshal(out, &theirs))
	covered := map[string]bool{}
	for name, enum := range psutilEnums {
		t.Run(name, func(t *testing.T) {
			for rest, value := range enum.ours {
				want, ok := theirs[enum.prefix+rest]
				covered[enum.prefix+rest] = true
				got := any(value.String())
				if enum.byNumber {
					got = float64(reflect.ValueOf(value).Uint()) // as JSON has numbers
				}
				if !ok || got != want {
					t.Errorf("%s%s is %v, psutil %v", enum.prefix, rest, got, want)
				}
			}
		})
	}
	t.Run("PriorityClass", func(t *testing.T) {
		var windows int
		for name, value := range theirs {
			if value != "of Windows" {
				continue
			}
			windows++
			if _, ok := priorityClasses[name]; !ok {
				t.Errorf("%s of psutil has no value here", name)
			}
		}
		if windows != len(priorityClasses) || len(priorityClassNames) != windows {
			t.Errorf("%d classes, psutil has %d", len(priorityClassNames), windows)
		}
		for name, c := range priorityClasses {
			if uint16(c.ours) != c.number {
				t.Errorf("%s is %#x, want %#x", name, uint16(c.ours), c.number)
			}
		}
	})
	t.Run("nothing is missing", func(t *testing.T) {
		for name := range theirs {
			isEnum := slices.ContainsFunc([]string{"STATUS_", "CONN_", "NIC_", "AF_", "IOPRIO_", "RLIM", "POWER_TIME_"}, func(prefix string) bool {
				return strings.HasPrefix(name, prefix)
			})
			if isEnum && !covered[name] && psutilAlone[name] == "" {
				t.Errorf("%s of psutil has no value here", name)
			}
		}
	})
}
