package sysprobe

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"telegraf-sysprobe/sysprobe/internal/decode/logind"
	"telegraf-sysprobe/sysprobe/internal/decode/utmp"
)

// sessionsClient reads files below /run.
type sessionsClient struct{}

func (sessionsClient) read(cfg Config) ([]Session, error) {
	file := filepath.Join(cfg.RunRoot, "utmp")
	b, utmpErr := os.ReadFile(file)
	found, records := utmp.Decode(b, binary.NativeEndian, utmpLayout())
	if records > 0 {
		return sessionsOfUtmp(found), nil
	}
	dir := filepath.Join(cfg.RunRoot, "systemd/sessions")
	sessions, err := readLogind(dir)
	switch {
	case err == nil || !errors.Is(err, fs.ErrNotExist):
		return sessions, opError(opReadSessions, dir, err)
	case utmpErr == nil: // nobody has logged in since the boot
		return nil, nil
	case errors.Is(utmpErr, fs.ErrNotExist):
		return nil, opError(opReadSessions, cfg.RunRoot, fmt.Errorf("neither utmp nor systemd/sessions: %w", ErrNotSupported))
	default:
		return nil, opError(opReadSessions, file, pathless(utmpErr))
	}
}

// utmpLayout is that of the C libraries of this architecture (__WORDSIZE_TIME64_COMPAT32
// of bits/wordsize.h).
func utmpLayout() utmp.Layout {
	if slices.Contains([]string{"arm64", "s390x", "loong64"}, runtime.GOARCH) {
		return utmp.Wide
	}
	return utmp.Narrow
}

// readLogind reads the sessions of logind by ID. Those that end meanwhile are left
// out; what is wrong with others does not keep the rest.
func readLogind(dir string) ([]Session, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, pathless(err)
	}
	var sessions []Session
	var failed error
	for _, entry := range entries {
		if strings.Contains(entry.Name(), ".") || entry.IsDir() { // ID.ref is a pipe, .#ID is being written
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		s, decodeErr := logind.Decode(b)
		switch err = cmp.Or(err, decodeErr); {
		case err != nil:
			failed = errors.Join(failed, fmt.Errorf("session %s: %w", entry.Name(), pathless(err)))
		case s.IsUser():
			sessions = append(sessions, Session{
				User: s.User, Terminal: cmp.Or(s.TTY, s.Display), Host: s.RemoteHost,
				Start: sessionStart(s.Micros/1e6, s.Micros%1e6), PID: someIf(s.Leader, s.Leader > 0),
			})
		}
	}
	return sessions, failed
}
