package sysprobe

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
)

// ptyMajor is the device number of pseudoterminals (UNIX98_PTY_SLAVE_MAJOR of
// linux/major.h), whose minor numbers are their names.
const ptyMajor = 136

func (c *processClient) terminal() (string, error) {
	return ask(c, "read terminal of process", func() (string, error) {
		st, err := c.stat()
		if err != nil || st.Terminal == 0 {
			return "", err
		}
		// new_encode_dev in linux/kdev_t.h
		device := uint32(st.Terminal)
		major, minor := device>>8&0xfff, device&0xff|device>>12&0xfff00
		if major == ptyMajor {
			return "/dev/pts/" + strconv.Itoa(int(minor)), nil
		}
		b, err := os.ReadFile(filepath.Join(c.table.sysRoot, "dev/char", fmt.Sprintf("%d:%d", major, minor), "uevent"))
		if err != nil {
			return "", err
		}
		name, err := procfs.DecodeDeviceName(b)
		return "/dev/" + name, err
	})
}

func (c *processClient) parent() (Opt[ProcID], error) {
	return ask(c, "read parent of process", func() (Opt[ProcID], error) {
		for {
			st, err := c.stat()
			if err != nil || st.PPID == 0 {
				return Opt[ProcID]{}, err
			}
			start, ppid := st.Start, st.PPID
			parent, parentErr := c.table.statOf(ppid)
			// Where the process lives still, and has the same parent, that was it.
			again, err := c.stat()
			switch {
			case err != nil:
				return Opt[ProcID]{}, err
			case again.PPID != ppid:
				continue
			case isGone(parentErr):
				return Opt[ProcID]{}, nil
			case parentErr != nil:
				return Opt[ProcID]{}, parentErr
			}
			return someIf(ProcID{PID: ppid, Start: parent.Start}, parent.Start <= start), nil
		}
	})
}

// statOf reads the stat of a process, but for its name.
func (c *procsClient) statOf(pid int32) (procfs.Stat, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b, err := c.dir.of(pid, "stat").readAtOnce()
	if err != nil {
		return procfs.Stat{}, err
	}
	st, err := procfs.DecodeStat(b)
	st.Comm = nil
	return st, err
}

func (c *processClient) children(recursive bool) ([]ProcID, error) {
	return ask(c, "list children of process", func() ([]ProcID, error) {
		if _, err := c.stat(); err != nil {
			return nil, err
		}
		// Not a snapshot: that is for who asks for rates between two.
		var s ProcSnapshot
		sw := s.begin(c.table.now(), 0)
		c.table.mu.Lock()
		err := c.table.sweepFiles(&sw)
		c.table.mu.Unlock()
		if err != nil {
			return nil, err
		}
		s.commit(&sw)
		p := s.Find(c.id.PID)
		if p == nil || p.ID != c.id {
			return nil, ErrInterrupted // or gone, as will be seen
		}
		var ids []ProcID
		for _, child := range s.Children(nil, p, recursive) {
			ids = append(ids, child.ID)
		}
		return ids, nil
	})
}

func (c *processClient) signal(sig syscall.Signal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.send(sig)
	if err != nil && !errors.Is(err, unix.EPERM) { // which is about the sender
		err = c.because(err)
	}
	return opError("signal process", c.target(), err)
}

// send sends a signal. An open directory of a process serves as a pidfd.
func (c *processClient) send(sig syscall.Signal) error {
	if c.dir.fd < 0 || !c.table.own {
		return ErrNotSupported
	}
	err := unix.PidfdSendSignal(c.dir.fd, sig, nil, 0)
	if !errors.Is(err, unix.ENOSYS) { // before Linux 5.1
		return err
	}
	if _, err := c.stat(); err != nil {
		return err
	}
	return unix.Kill(int(c.id.PID), sig)
}
