package sysprobe

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

var compareSessions = cmp.AllowUnexported(Opt[int32]{})

// utmpText is what utmpdump(1) makes a file of, in the layout of this machine's C
// library: the boot, two sessions, and one that has ended.
const utmpText = `[2] [00000] [~~  ] [reboot  ] [~           ] [6.18.44             ] [0.0.0.0        ] [2026-11-28T01:02:03,000004+00:00]
[7] [04321] [ts/0] [alice   ] [pts/0       ] [example.org         ] [192.0.2.1      ] [2026-11-28T04:05:06,000789+00:00]
[7] [00077] [:0  ] [bob     ] [:0          ] [:0                  ] [0.0.0.0        ] [2026-11-28T04:05:07,000000+00:00]
[8] [00099] [ts/1] [carol   ] [pts/1       ] [                    ] [0.0.0.0        ] [2026-11-28T04:05:08,000000+00:00]
`

// loginText is what getty(8) writes: it waits for a user.
const loginText = "[6] [00055] [tty1] [LOGIN   ] [tty1        ] [                    ] [0.0.0.0        ] [2026-11-28T01:02:04,000000+00:00]\n"

// writeUtmp writes a utmp below a new directory, and returns the latter.
func writeUtmp(t testing.TB) string { return writeUtmpOf(t, utmpText) }

func writeUtmpOf(t testing.TB, text string) string {
	t.Helper()
	sysprobetest.NeedTool(t, "utmpdump")
	root := t.TempDir()
	cmd := exec.Command("utmpdump", "-r", "-o", filepath.Join(root, "utmp"))
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("utmpdump: %v\n%s", err, out)
	}
	return root
}

func TestSessionsOfUtmp(t *testing.T) {
	root := writeUtmp(t)
	check(t, os.MkdirAll(filepath.Join(root, "systemd/sessions"), 0o755))
	got, err := ReadSessions(&Config{RunRoot: root})
	check(t, err)
	at := time.Date(2026, 11, 28, 4, 5, 6, 789000, time.UTC)
	want := []Session{
		{User: "alice", Terminal: "pts/0", Host: "example.org", Start: at, PID: Some[int32](4321)},
		{User: "bob", Terminal: ":0", Host: ":0", Start: time.Date(2026, 11, 28, 4, 5, 7, 0, time.UTC), PID: Some[int32](77)},
	}
	if diff := cmp.Diff(want, got, compareSessions); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
}

// TestSessionsOracle has psutil read the same file. Two things differ: psutil's host of
// a local session, and its start, which has 24 bits before psutil 6.
func TestSessionsOracle(t *testing.T) {
	python := sysprobetest.NeedPython(t, "psutil")
	root := writeUtmp(t)
	out, err := exec.Command(python, "-c", `import ctypes, json, psutil, sys
ctypes.CDLL(None).utmpname(sys.argv[1].encode())
single = lambda n: ctypes.c_float(n).value
print(json.dumps([[u.name, u.terminal, u.host, single(u.started), u.pid] for u in psutil.users()]))`, filepath.Join(root, "utmp")).Output()
	check(t, err)
	var want, got [][]any
	check(t, json.Unmarshal(out, &want))
	sessions, err := ReadSessions(&Config{RunRoot: root})
	check(t, err)
	for _, s := range sessions {
		host := s.Host
		if host == "" || host == ":0" {
			host = "localhost"
		}
		got = append(got, []any{s.User, s.Terminal, host, float64(float32(s.Start.Unix())), float64(s.PID.Or(0))})
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) != 2 {
		t.Errorf("sessions (-psutil +got):\n%s", diff)
	}
}

func TestSessionsOfLogind(t *testing.T) {
	root := t.TempDir()
	if _, err := ReadSessions(&Config{RunRoot: root}); !errors.Is(err, ErrNotSupported) {
		t.Errorf("error %v without a source, want ErrNotSupported", err)
	}
	dir := filepath.Join(root, "systemd/sessions")
	check(t, os.MkdirAll(dir, 0o755))
	for name, text := range map[string]string{
		"1":     "USER=alice\nCLASS=user\nSTATE=active\nTTY=tty1\nLEADER=12\nREALTIME=1700000000123456\n",
		"3":     "USER=bob\nCLASS=user\nSTATE=online\nDISPLAY=:1\nREMOTE_HOST=192.0.2.1\n",
		"c1":    "USER=gdm\nCLASS=greeter\nSTATE=active\n",
		"1.ref": "",
		".#4x":  "USER=x\nCLASS=user\n",
	} {
		check(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	boot, _, _ := strings.Cut(utmpText, "[7]")
	check(t, os.Rename(filepath.Join(writeUtmpOf(t, boot+loginText), "utmp"), filepath.Join(root, "utmp"))) // names no user
	want := []Session{
		{User: "alice", Terminal: "tty1", Start: time.UnixMicro(1700000000123456), PID: Some[int32](12)},
		{User: "bob", Terminal: ":1", Host: "192.0.2.1"},
	}
	got, err := ReadSessions(&Config{RunRoot: root})
	if diff := cmp.Diff(want, got, compareSessions); diff != "" || err != nil {
		t.Errorf("error %v, sessions (-want +got):\n%s", err, diff)
	}
	check(t, os.WriteFile(filepath.Join(dir, "2"), []byte("CLASS=user\n"), 0o600))
	got, err = ReadSessions(&Config{RunRoot: root})
	if diff := cmp.Diff(want, got, compareSessions); diff != "" || !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "session 2") {
		t.Errorf("error %v, want ErrMalformed of session 2; sessions (-want +got):\n%s", err, diff)
	}
	check(t, os.RemoveAll(dir))
	if got, err := ReadSessions(&Config{RunRoot: root}); len(got) != 0 || err != nil {
		t.Errorf("%v, error %v with a utmp without users alone, want no session", got, err)
	}
}

// TestSessionsWithoutProcess has a utmp for that of the machine in which one session has
// a process that lives, one has none, and that of the third one is gone: who(1) shows the
// first two. The PID is above any that Linux gives (PID_MAX_LIMIT).
func TestSessionsWithoutProcess(t *testing.T) {
	needMachinePIDs(t)
	text := strings.Replace(utmpText, "[04321]", fmt.Sprintf("[%05d]", os.Getpid()), 1)
	text = strings.Replace(text, "[8] [00099]", "[7] [9999999]", 1)
	text = strings.Replace(text, "[00077]", "[00000]", 1)
	h := startHelper(t, inNamespaces(syscall.CLONE_NEWNS), "sessions", writeUtmpOf(t, text))
	var got sessionsAnswer
	h.answer(t, &got)
	want := []string{"alice pts/0", "bob :0"}
	if diff := cmp.Diff(want, got.Ours); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, got.Who); diff != "" && len(got.Who) > 0 { // who(1) of systemd's builds asks logind alone
		t.Errorf("who(1) (-want +got):\n%s", diff)
	}
}

// TestSessionsOfLogindBesideGhosts has a utmp in which the processes of all sessions are
// gone, as one that nobody cleared when utmp fell out of use.
func TestSessionsOfLogindBesideGhosts(t *testing.T) {
	needMachinePIDs(t)
	text := strings.NewReplacer("[04321]", "[9999998]", "[00077]", "[9999999]").Replace(utmpText)
	root := writeUtmpOf(t, text)
	for _, want := range [][]string{nil, {"dora tty2"}} {
		var got sessionsAnswer
		startHelper(t, inNamespaces(syscall.CLONE_NEWNS), "sessions", root).answer(t, &got)
		if diff := cmp.Diff(want, got.Ours); diff != "" {
			t.Errorf("sessions (-want +got):\n%s", diff)
		}
		dir := filepath.Join(root, "systemd/sessions")
		check(t, os.MkdirAll(dir, 0o755))
		check(t, os.WriteFile(filepath.Join(dir, "1"), []byte("USER=dora\nCLASS=user\nSTATE=active\nTTY=tty2\n"), 0o600))
	}
}

// needMachinePIDs skips a test of PIDs in utmp where they are of other processes.
func needMachinePIDs(t *testing.T) {
	t.Helper()
	sysprobetest.NeedRoot(t)
	if namespace, err := os.Readlink("/proc/self/ns/pid"); err != nil || namespace != initialPIDNamespace {
		t.Skip("needs the PID namespace of the machine")
	}
}

// sessionsAnswer is what helpSessions prints.
type sessionsAnswer struct{ Ours, Who []string }

// helpSessions prints the sessions of a machine whose /run is args[0], and those that
// who(1) shows.
func helpSessions(args []string) error {
	if err := makeMountsPrivate(); err != nil {
		return err
	}
	if err := unix.Mount(args[0], runRoot(), "", unix.MS_BIND, ""); err != nil {
		return err
	}
	sessions, err := ReadSessions(nil)
	if err != nil {
		return err
	}
	var answer sessionsAnswer
	for _, s := range sessions {
		answer.Ours = append(answer.Ours, s.User+" "+s.Terminal)
	}
	out, err := exec.Command("who").Output()
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(out)) {
		answer.Who = append(answer.Who, strings.Join(strings.Fields(line)[:2], " "))
	}
	return errors.Join(ready(), say(answer))
}
