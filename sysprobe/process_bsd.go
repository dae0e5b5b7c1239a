//go:build darwin || freebsd || netbsd || openbsd

package sysprobe

import (
	"context"
	"syscall"

	"telegraf-sysprobe/sysprobe/internal/sys/kqueue"
	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

type processClient = kinfoProcessClient

func (c *kinfoProcsClient) openPID(ctx context.Context, pid int32) (*processClient, error) {
	return c.openKinfo(ctx, pid, runningKernel(), func(ProcID) bool { return true })
}

func (c *kinfoProcsClient) openProcess(ctx context.Context, id ProcID) (*processClient, error) {
	return c.openKinfo(ctx, id.PID, runningKernel(), func(is ProcID) bool { return isSame(is, id) })
}

// runningKernel asks the running kernel.
func runningKernel() processKernel {
	return processKernel{
		awaitExit: kqueue.AwaitExit, reap: kqueue.Reap, kill: kqueue.Kill, setNice: kqueue.SetNice, set: sysctl.SystemSet,
	}
}

func (c *kinfoProcessClient) suspend() error { return c.signal(syscall.SIGSTOP) }

func (c *kinfoProcessClient) resume() error { return c.signal(syscall.SIGCONT) }
