package sysprobe

import (
	"encoding"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
)

// enum is what every enum has, as a pointer.
type enum interface {
	encoding.TextMarshaler
	encoding.TextUnmarshaler
}

// checkEnum checks that names are those of the numbers, that a number without a
// name prints as such, and that both come back from text and JSON.
func checkEnum[T interface {
	~uint8 | ~uint16
	String() string
}](t *testing.T, names map[T]string, unknown T) {
	t.Helper()
	names[unknown] = strconv.Itoa(int(unknown))
	for value, want := range names {
		if got := value.String(); got != want {
			t.Errorf("%T(%d) = %q, want %q", value, value, got, want)
		}
		text, err := json.Marshal(value)
		if err != nil || string(text) != strconv.Quote(want) {
			t.Errorf("%T(%d) in JSON = %s, %v; want %q", value, value, text, err, want)
		}
		back := value + 1
		if err := json.Unmarshal(text, &back); err != nil || back != value {
			t.Errorf("%s is %d, %v; want %d", text, back, err, value)
		}
	}
	for _, text := range []string{"", "nonsense", "-1", "1.5", "65536"} {
		before := unknown
		after := before
		p, ok := any(&after).(enum)
		if !ok {
			t.Fatalf("%T cannot be read from text", &after)
		}
		if err := p.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), strconv.Quote(text)) || after != before {
			t.Errorf("%T from %q: %d, %v; want an error that names it", before, text, after, err)
		}
	}
}

func TestEnums(t *testing.T) {
	t.Run("J01 duplex", func(t *testing.T) {
		checkEnum(t, map[Duplex]string{0: "unknown", 1: "half", 2: "full"}, 3)
		if DuplexUnknown != 0 || DuplexHalf != 1 || DuplexFull != 2 {
			t.Error("the numbers are not psutil's")
		}
	})
	t.Run("J02 family", func(t *testing.T) {
		checkEnum(t, map[Family]string{0: "unspec", 1: "unix", 2: "inet", 10: "inet6", 17: "link"}, 65535)
	})
	t.Run("J03 I/O class", func(t *testing.T) {
		checkEnum(t, map[IOPrioClass]string{0: "none", 1: "rt", 2: "be", 3: "idle"}, 4)
	})
	t.Run("I/O hint", func(t *testing.T) {
		checkEnum(t, map[IOHint]string{0: "very_low", 1: "low", 2: "normal", 3: "high", 4: "critical"}, 5)
	})
	t.Run("J04 state", func(t *testing.T) {
		checkEnum(t, map[State]string{
			StateUnknown: "unknown", StateRunning: "running", StateSleeping: "sleeping", StateDiskSleep: "disk-sleep",
			StateStopped: "stopped", StateTracingStop: "tracing-stop", StateZombie: "zombie", StateDead: "dead",
			StateWakeKill: "wake-kill", StateWaking: "waking", StateIdle: "idle", StateParked: "parked",
			StateLocked: "locked", StateWaiting: "waiting", StateSuspended: "suspended",
		}, 200)
	})
	t.Run("socket type", func(t *testing.T) {
		checkEnum(t, map[SocketType]string{1: "stream", 2: "dgram", 3: "raw", 5: "seqpacket"}, 4)
	})
	t.Run("connection status", func(t *testing.T) {
		checkEnum(t, map[ConnStatus]string{
			0: "NONE", 1: "ESTABLISHED", 6: "TIME_WAIT", 10: "LISTEN", 12: "NEW_SYN_RECV", 128: "DELETE_TCB",
		}, 13)
	})
	t.Run("resource", func(t *testing.T) {
		checkEnum(t, map[Resource]string{ResourceCPU: "cpu", ResourceProcesses: "nproc", ResourceFiles: "nofile", ResourceRTTime: "rttime"}, 16)
	})
	t.Run("I17 priority class", func(t *testing.T) {
		checkEnum(t, map[PriorityClass]string{
			0x20: "normal", 0x40: "idle", 0x80: "high", 0x100: "realtime", 0x4000: "below_normal", 0x8000: "above_normal",
		}, 0x1234)
	})
	t.Run("operational state", func(t *testing.T) {
		checkEnum(t, map[OperState]string{
			0: "unknown", 1: "notpresent", 2: "down", 3: "lowerlayerdown", 4: "testing", 5: "dormant", 6: "up",
		}, 7)
	})
	t.Run("port", func(t *testing.T) {
		checkEnum(t, map[Port]string{0: "tp", 1: "aui", 2: "mii", 3: "fibre", 4: "bnc", 5: "da", 0xef: "none", 0xff: "other"}, 6)
	})
	t.Run("macvlan mode", func(t *testing.T) {
		checkEnum(t, map[MACVLANMode]string{1: "private", 2: "vepa", 4: "bridge", 8: "passthru", 16: "source"}, 3)
	})
	t.Run("ipvlan mode", func(t *testing.T) {
		checkEnum(t, map[IPVLANMode]string{0: "l2", 1: "l3", 2: "l3s"}, 3)
	})
	t.Run("VLAN protocol", func(t *testing.T) {
		checkEnum(t, map[VLANProtocol]string{0x8100: "802.1Q", 0x88a8: "802.1ad"}, 0x9100)
	})
	t.Run("bond", func(t *testing.T) {
		checkEnum(t, map[BondMode]string{
			0: "balance-rr", 1: "active-backup", 2: "balance-xor", 3: "broadcast", 4: "802.3ad", 5: "balance-tlb", 6: "balance-alb",
		}, 7)
		checkEnum(t, map[BondSlaveState]string{0: "active", 1: "backup"}, 2)
		checkEnum(t, map[MIIStatus]string{0: "up", 1: "going_down", 2: "down", 3: "going_back"}, 4)
	})
	t.Run("bridge", func(t *testing.T) {
		checkEnum(t, map[BridgeSTP]string{0: "off", 1: "kernel", 2: "user"}, 3)
		checkEnum(t, map[BridgePortState]string{0: "disabled", 1: "listening", 2: "learning", 3: "forwarding", 4: "blocking"}, 5)
	})
	t.Run("reason of a link that is down", func(t *testing.T) {
		checkEnum(t, map[LinkDownReason]string{
			0: "autoneg", 1: "link-training-failure", 2: "logical-mismatch", 3: "bad-signal-integrity", 4: "no-cable", 5: "cable-issue",
			6: "eeprom-issue", 7: "calibration-failure", 8: "power-budget-exceeded", 9: "overheat", 10: "module",
		}, 11)
		for _, tt := range []struct {
			reason LinkDownReason
			number uint8
			want   string
		}{
			{DownAutoneg, 6, "no-hcd"},
			{DownTraining, 2, "kr-link-inhibit-timeout"},
			{DownModule, 1, "cmis-not-ready"},
			{DownAutoneg, 0, "0"},
			{DownAutoneg, 7, "7"},
			{DownNoCable, 1, "1"},
			{200, 1, "1"},
		} {
			if got := tt.reason.Detail(tt.number); got != tt.want {
				t.Errorf("detail %d of %v = %q, want %q", tt.number, tt.reason, got, tt.want)
			}
		}
	})
	t.Run("scope", func(t *testing.T) {
		checkEnum(t, map[AddrScope]string{0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}, 100)
	})
	t.Run("scheduling policy", func(t *testing.T) {
		checkEnum(t, map[SchedPolicy]string{0: "other", 1: "fifo", 2: "rr", 3: "batch", 5: "idle", 6: "deadline", 7: "ext"}, 4)
	})
}

func TestLinkFlags(t *testing.T) {
	for flags, want := range map[LinkFlags]string{
		0:             "",
		0x49:          "up,loopback,running",
		0x1343:        "up,broadcast,running,promisc,allmulti,multicast",
		0x10091:       "up,pointopoint,noarp,lower_up",
		0xf80001:      "up,oactive,simplex,link0,link1,link2",
		0xffffff:      strings.Join(linkFlagsNames, ","),
		1 | 1<<24:     "up,0x1000000",
		1 << 31:       "0x80000000",
		math.MaxInt32: strings.Join(linkFlagsNames, ",") + ",0x7f000000",
	} {
		if got := flags.String(); got != want {
			t.Errorf("%#x = %q, want %q", uint32(flags), got, want)
		}
	}
	for flags, want := range map[LinkFlags]bool{0: false, FlagUp: false, FlagRunning: false, FlagUp | FlagRunning | FlagLowerUp: true} {
		if got := flags.IsUp(); got != want {
			t.Errorf("IsUp of %v = %v, want %v", flags, got, want)
		}
	}
}

func TestFlagsAsText(t *testing.T) {
	checkFlags(t, map[LinkFlags]string{
		0: "", FlagUp | FlagRunning: "up,running", FlagLowerUp: "lower_up", FlagUp | 1<<24 | 1<<31: "up,0x81000000",
		math.MaxUint32: strings.Join(linkFlagsNames, ",") + ",0xff000000",
	})
	checkFlags(t, map[AddrFlags]string{
		0: "", 0x81: "secondary,permanent", AddrTentative: "tentative", 1 << 12: "0x1000",
	})
}

// checkFlags checks that flags are these words in JSON and come back from them,
// and that other words are an error that changes nothing.
func checkFlags[T ~uint32](t *testing.T, words map[T]string) {
	t.Helper()
	for flags, want := range words {
		text, err := json.Marshal(flags)
		if err != nil || string(text) != strconv.Quote(want) {
			t.Errorf("%T(%#x) in JSON = %s, %v; want %q", flags, flags, text, err, want)
		}
		back := ^flags
		if err := json.Unmarshal(text, &back); err != nil || back != flags {
			t.Errorf("%s is %#x, %v; want %#x", text, back, err, flags)
		}
	}
	for _, text := range []string{"nonsense", ",", "up,", "up,,running", "permanent,7", "0x", "0x100000000", "UP"} {
		flags := T(42)
		err := any(&flags).(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
		if err == nil || !strings.Contains(err.Error(), strconv.Quote(text)) || flags != 42 {
			t.Errorf("%T from %q: %#x, %v; want an error that names it", flags, text, flags, err)
		}
	}
}

func TestAddrFlags(t *testing.T) {
	for _, tt := range []struct {
		flags  AddrFlags
		family Family
		want   string
	}{
		{0, FamilyInet, ""},
		{0x81, FamilyInet, "secondary,permanent"},
		{0x81, FamilyInet6, "temporary,permanent"},
		{AddrTentative | AddrDADFailed | AddrDeprecated, FamilyInet6, "dadfailed,deprecated,tentative"},
		{0x1a00, FamilyInet6, "noprefixroute,stable-privacy,0x1000"},
	} {
		if got := tt.flags.Text(tt.family); got != tt.want {
			t.Errorf("%#x of %v = %q, want %q", uint32(tt.flags), tt.family, got, tt.want)
		}
	}
}

func TestNumbersOfKernels(t *testing.T) {
	t.Run("J04 letters", func(t *testing.T) {
		var got []string
		for _, letter := range []byte("RSDTtZXxKWIPQ") {
			got = append(got, stateOfLetter(letter).String())
		}
		want := "running sleeping disk-sleep stopped tracing-stop zombie dead dead wake-kill waking idle parked unknown"
		if strings.Join(got, " ") != want {
			t.Errorf("got %v, want %s", got, want)
		}
	})
	t.Run("B19 duplex of the kernel", func(t *testing.T) {
		for raw, want := range map[uint8]Duplex{0: DuplexHalf, 1: DuplexFull, 2: DuplexUnknown, 255: DuplexUnknown} {
			if got := duplexOfKernel(raw); got != want {
				t.Errorf("%d = %v, want %v", raw, got, want)
			}
		}
	})
	t.Run("B15 B17 speeds that are none", func(t *testing.T) {
		for raw, want := range map[uint32]Opt[uint32]{
			0: {}, 65535: {}, math.MaxUint32: {}, 10: Some[uint32](10), 800000: Some[uint32](800000),
		} {
			if got := speedOfKernel(raw); got != want {
				t.Errorf("%d = %v, want %v", raw, got, want)
			}
		}
	})
	for number, want := range map[uint16]string{1: "ether", 32: "infiniband", 772: "loopback", 778: "gre", 0xfffe: "none", 4242: "4242"} {
		if got := hardwareTypeName(number); got != want {
			t.Errorf("hardware type %d = %q, want %q", number, got, want)
		}
	}
}
