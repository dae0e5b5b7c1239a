package procs

import (
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/agent"
	"github.com/influxdata/telegraf/models"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/plugins/internal/proctable"
	"telegraf-sysprobe/sysprobe"
)

// crowd is a machine with many processes, of 200 names and 20 users, which all
// work a little between two snapshots. Its snapshots cost nothing, so that
// benchmarks measure the plugin.
type crowd struct {
	proctable.Machine
	procs []sysprobe.Proc
	taken time.Time
}

func newCrowd(n int) *crowd {
	empty, _ := proctable.OpenEmpty() //nolint:errcheck // never fails
	c := &crowd{Machine: empty, taken: time.Unix(1_800_000_000, 0)}
	for i := range n {
		c.procs = append(c.procs, sysprobe.Proc{
			ID: sysprobe.ProcID{PID: int32(i + 1), Start: uint64(i)}, Name: fmt.Sprint("name", i%200), Comm: "name",
			State: sysprobe.StateSleeping, Threads: 1, RSS: uint64(i) << 12,
			Status: sysprobe.Some(sysprobe.ProcStatus{UID: uint32(i % 20)}),
			IO:     sysprobe.Some(sysprobe.ProcIO{ReadBytes: sysprobe.Some(uint64(0)), WriteBytes: sysprobe.Some(uint64(0))}),
			FDs:    sysprobe.Some(uint32(3)),
		})
	}
	return c
}

func (c *crowd) Account(sysprobe.Fields) (*sysprobe.AccountingSnapshot, error) {
	c.taken = c.taken.Add(10 * time.Second)
	for i := range c.procs {
		c.procs[i].UserTime += time.Duration(i%7) * 10 * time.Millisecond
	}
	return &sysprobe.AccountingSnapshot{
		ProcSnapshot: sysprobe.ProcSnapshot{Procs: c.procs, Taken: c.taken}, ExitedErr: sysprobe.ErrNotSupported,
	}, nil
}

func (c *crowd) Lookup(pid int32, _ sysprobe.Fields) (sysprobe.Proc, error) {
	return c.procs[pid-1], nil
}

func (c *crowd) UserName(uid uint32) string { return c.procs[uid].Name }

// drain takes metrics as an agent does before outputs buffer them.
func drain(b *testing.B, p *Procs) telegraf.Accumulator {
	metrics := make(chan telegraf.Metric, 100)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range metrics {
		}
	}()
	b.Cleanup(func() { close(metrics); <-done })
	return agent.NewAccumulator(models.NewRunningInput(p, &models.InputConfig{Name: "procs"}), metrics)
}

// machines are what the benchmarks read.
func machines() map[string]func() (proctable.Machine, error) {
	crowdOf := func(n int) func() (proctable.Machine, error) {
		return func() (proctable.Machine, error) { return newCrowd(n), nil }
	}
	return map[string]func() (proctable.Machine, error){
		"5000": crowdOf(5_000), "50000": crowdOf(50_000),
		"real": proctable.Opener(sysprobe.Config{}, nil),
	}
}

// BenchmarkGather measures the cost of a gather: without the snapshot, for these
// numbers of processes, and with it on this machine.
func BenchmarkGather(b *testing.B) {
	for name, open := range machines() {
		for _, bm := range []struct {
			name    string
			collect []string
		}{
			{"totals", nil},
			{"top", []string{"top"}},
			{"top and groups", []string{"top", "group"}},
			{"every process", []string{"process"}},
		} {
			b.Run(name+"/"+bm.name, func(b *testing.B) {
				p := configured(b, func(p *Procs) {
					p.Collect, p.TopBy, p.TopCount = bm.collect, []string{"cpu", "memory", "io", "fds"}, 10
					p.MaxGroups, p.MaxProcesses = 1000, 1_000_000
					p.Log, p.open = testutil.Logger{Quiet: true}, open
				})
				plugintest.Start(b, p, nil)
				acc := drain(b, p)
				b.ReportAllocs()
				for b.Loop() {
					if err := p.Gather(acc); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkProperty measures what each word of the option properties costs for
// one process, this one, read anew. It has a socket.
func BenchmarkProperty(b *testing.B) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close() //nolint:errcheck // of a benchmark
	machine, err := proctable.Open(sysprobe.Config{}, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer machine.Close() //nolint:errcheck // of a benchmark
	proc, err := machine.Lookup(int32(os.Getpid()), sysprobe.WantOrigin)
	if err != nil {
		b.Fatal(err)
	}
	for _, property := range properties() {
		b.Run(property.name, func(b *testing.B) {
			p := configured(b, func(p *Procs) { p.Properties, p.machine = []string{property.name}, machine })
			if err := p.Init(); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				p.state.programs.begin()
				g := gather{Procs: p}
				r := row{Proc: &proc, gather: &g}
				g.ask([][]*row{{&r}})
				if facts := r.properties(&proc); len(facts) == 0 && property.name != "cgroup" {
					b.Fatal(g.account.errors)
				}
			}
		})
	}
}
