package wts

import (
	"os/user"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode/wtsinfo"
)

// current is the session of the caller (WTS_CURRENT_SESSION).
const current = 0xffffffff

// TestQuery asks for the user of the own session, which Wine 8 knows, and for what no
// system does.
func TestQuery(t *testing.T) {
	own, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	_, want, _ := strings.Cut(own.Username, `\`)
	var got string
	err = query(current, classUserName, func(b []byte) error {
		got = wtsinfo.Text(b)
		return nil
	})
	if err != nil || got != want {
		t.Errorf("user %q, %v, want %q", got, err, want)
	}
	const noClass = 9999
	if err := query(current, noClass, func([]byte) error { return nil }); err == nil {
		t.Error("an answer to no question")
	}
}

// TestRead has a user at least: Wine 8 does not know since when and from where, which
// is an error beside the user.
func TestRead(t *testing.T) {
	s, err := Read(current)
	if s.User == "" {
		t.Errorf("no user, %v", err)
	}
	if err == nil && s.LoggedOn == 0 {
		t.Errorf("%+v, want a time", s)
	}
}

func TestSessions(t *testing.T) {
	if _, err := Sessions(); err != nil {
		t.Error(err)
	}
}
