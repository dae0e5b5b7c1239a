// Package logind decodes what systemd-logind keeps of a session in
// /run/systemd/sessions/ID: lines KEY=VALUE, of which the values can be quoted as
// those of sh(1).
package logind

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// Session is a session.
type Session struct {
	// User is the login name, and Class what the session is for: "user", "greeter",
	// "manager", ...
	User, Class string
	// State is "online", "active" or "closing".
	State string
	// TTY and Display are the terminal without "/dev/" and the X11 display, RemoteHost
	// is where the user came from; each is empty without.
	TTY, Display, RemoteHost string
	// Leader is the PID of the process that the session began with; 0 without.
	Leader int32
	// Micros is when it began, in microseconds since 1970.
	Micros int64
}

// IsUser reports that a person uses the session.
func (s *Session) IsUser() bool {
	return (s.Class == "user" || strings.HasPrefix(s.Class, "user-")) && s.State != "closing"
}

// Decode decodes the file of a session. A key that is unknown says nothing. Its error
// wraps decode.ErrMalformed for a file without a user, and for a number that is none.
func Decode(b []byte) (Session, error) {
	var s Session
	var leader, micros int64
	texts := map[string]*string{
		"USER": &s.User, "CLASS": &s.Class, "STATE": &s.State, "TTY": &s.TTY, "DISPLAY": &s.Display, "REMOTE_HOST": &s.RemoteHost,
	}
	numbers := map[string]*int64{"LEADER": &leader, "REALTIME": &micros}
	for line := range bytes.Lines(b) {
		key, value, ok := strings.Cut(strings.TrimSuffix(string(line), "\n"), "=")
		if !ok {
			continue
		}
		value = unquote(value)
		if text := texts[key]; text != nil {
			*text = value
		}
		if number := numbers[key]; number != nil {
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return Session{}, fmt.Errorf("%s of logind session is no number: %w", key, decode.ErrMalformed)
			}
			*number = n
		}
	}
	s.Leader, s.Micros = int32(leader), micros
	if s.User == "" || int64(s.Leader) != leader || leader < 0 || micros < 0 {
		return Session{}, fmt.Errorf("logind session without a user, or with a number out of range: %w", decode.ErrMalformed)
	}
	return s, nil
}

// unquote removes quotes, and the backslashes in front of what these would not keep.
func unquote(value string) string {
	inner, quoted := strings.CutPrefix(value, `"`)
	if !quoted {
		return value
	}
	inner = strings.TrimSuffix(inner, `"`)
	var b strings.Builder
	for i := 0; i < len(inner); i++ {
		if inner[i] == '\\' && i+1 < len(inner) && strings.IndexByte("\"\\`$", inner[i+1]) >= 0 {
			i++
		}
		b.WriteByte(inner[i])
	}
	return b.String()
}
