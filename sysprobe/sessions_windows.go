package sysprobe

import (
	"errors"
	"fmt"

	"telegraf-sysprobe/sysprobe/internal/sys/wts"
)

// sessionsClient asks the terminal services.
type sessionsClient struct{}

func (sessionsClient) read(Config) ([]Session, error) {
	ids, err := wts.Sessions()
	if err != nil {
		return nil, opError(opReadSessions, "", err)
	}
	var sessions []Session
	var failed error
	for _, id := range ids {
		raw, err := wts.Read(id)
		if errors.Is(err, wts.ErrGone) {
			continue
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("session %d: %w", id, err))
		}
		if raw.User != "" {
			sessions = append(sessions, sessionOfWindows(&raw))
		}
	}
	return sessions, opError(opReadSessions, "", failed)
}
