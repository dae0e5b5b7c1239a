package sysprobe

import (
	"os/user"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestSessionsOfWindows looks for the user of this program. Wine 8 lists no session.
func TestSessionsOfWindows(t *testing.T) {
	sessions, err := ReadSessions(nil)
	if err != nil {
		t.Fatal(err)
	}
	own, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	_, name, _ := strings.Cut(own.Username, `\`)
	if len(sessions) > 0 && !slices.ContainsFunc(sessions, func(s Session) bool { return strings.EqualFold(s.User, name) }) {
		t.Errorf("%+v, want one of %s", sessions, name)
	}
	for _, s := range sessions {
		if s.User == "" || s.Start.After(time.Now()) {
			t.Errorf("%+v", s)
		}
	}
}
