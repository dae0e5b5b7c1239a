package zombies

import (
	"errors"
	"fmt"
	"time"

	"telegraf-sysprobe/sysprobe"
)

// The values of the option events.
const (
	eventsAuto = "auto"
	eventsOn   = "on"
	eventsOff  = "off"
)

// exitSource is what tells how and when processes end: sysprobe.Exits.
type exitSource interface {
	Read(dst *sysprobe.ExitLog) error
	Close() error
}

// listener returns what opens the source on a system. On Windows nobody has to
// be heard, as nobody stays.
func listener(system string) func() (exitSource, error) {
	if system == "windows" {
		return func() (exitSource, error) { return silence{}, nil }
	}
	return func() (exitSource, error) { return sysprobe.OpenExits(sysprobe.ConfigFromEnv()) }
}

// silence is a source without exits.
type silence struct{}

// Read implements exitSource.
func (silence) Read(dst *sysprobe.ExitLog) error {
	*dst = sysprobe.ExitLog{Taken: time.Now()}
	return nil
}

// Close implements exitSource.
func (silence) Close() error { return nil }

// listenTo opens the source of exits as the option events says. It returns an
// error where there has to be one.
func (z *Zombies) listenTo() error {
	if z.Events == eventsOff {
		return nil
	}
	exits, err := z.listen()
	switch {
	case err == nil:
		z.exits = exits
	case z.Events == eventsOn:
		return fmt.Errorf(`option events: "on" cannot be had: %w; %s, or use "auto"`, err, remedy(err))
	default:
		z.Log.Infof("Ages of zombies begin when a gather first sees them, for their end cannot be heard: %v; %s", err, remedy(err))
	}
	return nil
}

// remedy says what makes exits to be heard.
func remedy(err error) string {
	if errors.Is(err, sysprobe.ErrAccessDenied) {
		return "grant CAP_NET_ADMIN, which Linux needs for it before 6.6"
	}
	return "run on Linux in the PID, user and network namespaces of the host, with its proc file system"
}

// learn tells the tracker what was heard since the last gather. It returns an
// error where that cannot be read: ages are then those that gathers see.
func (z *Zombies) learn() error {
	if z.exits == nil {
		return nil
	}
	if err := z.exits.Read(&z.heard); err != nil {
		return fmt.Errorf("read exits: %w", err)
	}
	z.tracker.Learn(&z.heard)
	if z.heard.Lost {
		z.lost++
		if z.once.First("lost") {
			z.Log.Warn("More processes ended at once than could be heard, so the ages of some zombies begin when a gather first sees them; " +
				"zombies counts such gathers in events_lost. Without CAP_NET_ADMIN, a higher net.core.rmem_max helps")
		}
	}
	return nil
}
