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
	"syscall"

	"telegraf-sysprobe/sysprobe/internal/decode/logind"
	"telegraf-sysprobe/sysprobe/internal/decode/utmp"
	"telegraf-sysprobe/sysprobe/internal/sys/pidfd"
	"telegraf-sysprobe/sysprobe/internal/sys/regular"
)

// sessionsClient reads files below /run.
type sessionsClient struct{}

func (sessionsClient) read(cfg Config) ([]Session, error) {
	file := filepath.Join(cfg.RunRoot, "utmp")
	b, utmpErr := regular.ReadFile(file)
	found := sessionsOfUtmp(utmp.Decode(b, binary.NativeEndian, utmpLayout()))
	if saysPIDs(cfg) {
		found = slices.DeleteFunc(found, isGhost)
	}
	if len(found) > 0 {
		return found, nil
	}
	dir := filepath.Join(cfg.RunRoot, "systemd/sessions")
	sessions, err := readLogind(dir)
	switch {
	case err == nil || !errors.Is(err, fs.ErrNotExist):
		return sessions, opError(opReadSessions, dir, err)
	case utmpErr == nil: // nobody is logged in
		return nil, nil
	case errors.Is(utmpErr, fs.ErrNotExist):
		return nil, opError(opReadSessions, cfg.RunRoot, fmt.Errorf("neither utmp nor systemd/sessions: %w", ErrNotSupported))
	default:
		return nil, opError(opReadSessions, file, pathless(utmpErr))
	}
}

// saysPIDs reports whether system calls of this process mean the PIDs in utmp: it is
// the machine's own, and this process in the PID namespace of the machine. A container
// can have the file of its host.
func saysPIDs(cfg Config) bool {
	namespace, err := os.Readlink("/proc/self/ns/pid")
	return err == nil && namespace == initialPIDNamespace && cfg.RunRoot == runRoot()
}

// isGhost reports whether the process of a session is gone: whoever should have ended
// the record could not. It asks as who(1) does, to which hidepid hides nothing.
func isGhost(s Session) bool {
	pid, known := s.PID.Get()
	return known && errors.Is(pidfd.Kill(pid, 0), syscall.ESRCH)
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
		b, err := regular.ReadFile(filepath.Join(dir, entry.Name()))
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
