package zombies

import (
	"errors"
	"fmt"
	"time"

	"telegraf-sysprobe/plugins/internal/message"
	"telegraf-sysprobe/sysprobe"
)

// The values of the option events.
const (
	eventsAuto = "auto"
	eventsOn   = "on"
	eventsOff  = "off"
)

// exitSource has the exits of processes with their times: sysprobe.Exits.
type exitSource interface {
	Read(dst *sysprobe.ExitLog) error
	Close() error
}

// listener returns what opens the source. A system that keeps no zombies needs no
// exits.
func listener(keepsZombies bool) func() (exitSource, error) {
	if !keepsZombies {
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

// openExits opens the source of exits as the option events says. It returns an
// error where events = "on" and there is none.
func (z *Zombies) openExits() error {
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
		z.Log.Infof("Ages of zombies begin when a gather first sees them, since exits cannot be read: %v; %s", err, remedy(err))
	}
	return nil
}

// remedy says what makes exits readable.
func remedy(err error) string {
	if message.LacksFiles(err) {
		return message.FilesRemedy(err)
	}
	if errors.Is(err, sysprobe.ErrAccessDenied) {
		return "grant CAP_NET_ADMIN, which Linux needs for it before 6.6"
	}
	return "on Linux, run in the PID, user, network and time namespaces of the host, with its proc file system"
}

// readExits gives the tracker the exits since the last gather. It returns an
// error where they cannot be read: ages then count from gathers.
func (z *Zombies) readExits() error {
	if z.exits == nil {
		return nil
	}
	if err := z.exits.Read(&z.exitLog); err != nil {
		return fmt.Errorf("read exits: %w", err)
	}
	z.tracker.Learn(&z.exitLog)
	if z.exitLog.Lost {
		z.lost++
		if z.notices.First("lost") {
			z.Log.Warn("The kernel dropped exits because too many came at once, so the ages of some zombies begin when a gather first sees them; " +
				"zombies counts such gathers in events_lost. Without CAP_NET_ADMIN, a higher net.core.rmem_max helps")
		}
	}
	return nil
}
