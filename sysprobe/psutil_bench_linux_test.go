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
	for name, call := range processMethods {
		switch name {
		case "Wait", "ConnectionsOf":
		default:
			run("Process."+name, func() error { _, err := call(ctx, p); return err })
		}
	}
}
