package logind_test

import (
	"errors"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/logind"
)

// remote is laid out as session_save of systemd's src/login/logind-session.c writes
// it.
const remote = `# This is private data. Do not parse.
UID=1000
USER=alice
ACTIVE=1
IS_DISPLAY=0
STATE=active
REMOTE=1
TYPE=tty
ORIGINAL_TYPE=tty
CLASS=user
SCOPE=session-3.scope
TTY=pts/0
REMOTE_HOST=2001:db8::1
SERVICE=sshd
LEADER=1234
AUDIT=3
REALTIME=1700000000123456
MONOTONIC=77
`

func TestDecode(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		want       logind.Session
		isUser     bool
	}{
		{"remote", remote, logind.Session{
			User: "alice", Class: "user", State: "active", TTY: "pts/0", RemoteHost: "2001:db8::1", Leader: 1234, Micros: 1700000000123456,
		}, true},
		{
			"graphical", "USER=\"a \\\"b\\\\\"\nCLASS=user-early\nSTATE=online\nDISPLAY=:0\n",
			logind.Session{User: `a "b\`, Class: "user-early", State: "online", Display: ":0"},
			true,
		},
		{"of the service manager", "USER=root\nCLASS=manager\nSTATE=active", logind.Session{User: "root", Class: "manager", State: "active"}, false},
		{"that ends", "USER=root\nCLASS=user\nSTATE=closing\n", logind.Session{User: "root", Class: "user", State: "closing"}, false},
	} {
		got, err := logind.Decode([]byte(tt.file))
		if err != nil || got != tt.want || got.IsUser() != tt.isUser {
			t.Errorf("%s: %+v, %t, %v, want %+v, %t", tt.name, got, got.IsUser(), err, tt.want, tt.isUser)
		}
	}
	for _, file := range []string{"", "garbage", "USER=", "USER=a\nLEADER=x\n", "USER=a\nLEADER=99999999999\n", "USER=a\nREALTIME=-1\n"} {
		if got, err := logind.Decode([]byte(file)); !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("%q: %+v, %v, want ErrMalformed", file, got, err)
		}
	}
}

// FuzzDecode decodes anything.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(remote))
	f.Add([]byte("USER=\"\\"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := logind.Decode(b)
		if err != nil && !errors.Is(err, decode.ErrMalformed) || err == nil && (s.User == "" || s.Leader < 0) {
			t.Fatalf("%+v, %v", s, err)
		}
	})
}
