package sysprobe

import (
	"context"
	"os"
	"testing"
)

// BenchmarkCalls is what the table of costs in README.md is measured with: each call
// that stands for one of psutil, of this process and of this machine.
func BenchmarkCalls(b *testing.B) {
	ctx := context.Background()
	run := func(name string, f func() error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("Interfaces", func() error { _, err := Interfaces(ctx); return err })
	run("Links", func() error { _, err := Links(ctx); return err })
	run("NetConnections", func() error { _, err := NetConnections(ctx, ConnectionFilter{}); return err })
	run("PIDs", func() error { _, err := PIDs(nil); return err })
	run("PIDExists", func() error { _, err := PIDExists(nil, int32(os.Getpid())); return err })
	run("ReadBootTime", func() error { _, err := ReadBootTime(nil); return err })
	run("ReadCPUs", func() error { _, err := ReadCPUs(nil); return err })
	run("ReadCPUTimes", func() error { _, err := ReadCPUTimes(nil); return err })
	run("ReadLoad", func() error { _, err := ReadLoad(nil); return err })
	run("ReadMemory", func() error { _, err := ReadMemory(nil); return err })
	run("ReadHost", func() error { _, err := ReadHost(nil); return err })
	sessions := &Config{RunRoot: writeUtmp(b)}
	run("ReadSessions", func() error { _, err := ReadSessions(sessions); return err })
	run("Processes", func() error {
		for _, err := range Processes(ctx, 0) {
			if err != nil {
				return err
			}
		}
		return nil
	})
	run("FindProcess", func() error {
		p, err := FindProcess(ctx, int32(os.Getpid()))
		if err != nil {
			return err
		}
		return p.Close()
	})
	p, err := FindProcess(ctx, int32(os.Getpid()))
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close() //nolint:errcheck // it was read only
	procs := p.table
	run("Procs.Lookup", func() error { _, err := procs.Lookup(ctx, p.ID().PID, 0); return err })
	run("Procs.ConnectionsOf", func() error { return procs.ConnectionsOf(ctx, []ProcID{p.ID()})[0].Err })
	users := OpenUserNames(nil)
	run("UserNames.Name", func() error { users.Name(ctx, 0); return nil })
	for name, call := range processMethods {
		switch name {
		case "Wait", "ConnectionsOf":
		default:
			run("Process."+name, func() error { _, err := call(ctx, p); return err })
		}
	}
}
