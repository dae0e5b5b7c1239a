package sysprobe_test

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"telegraf-sysprobe/sysprobe"
)

// startSleep starts a process that sleeps, and opens it.
func startSleep(ctx context.Context) (*exec.Cmd, *sysprobe.Process) {
	cmd := exec.Command("sleep", "600")
	if err := cmd.Start(); err != nil {
		log.Fatal(err)
	}
	p, err := sysprobe.FindProcess(ctx, int32(cmd.Process.Pid))
	if err != nil {
		log.Fatal(err)
	}
	return cmd, p
}

// Processes by their name, which is not cut at 15 bytes.
func ExampleProcesses_byName() {
	name := filepath.Base(os.Args[0])
	for p, err := range sysprobe.Processes(context.Background(), sysprobe.WantName) {
		if err != nil {
			log.Fatal(err)
		}
		if p.Name == name && p.ID.PID == int32(os.Getpid()) {
			fmt.Println("found", p.PPID == int32(os.Getppid()))
		}
	}
	// Output: found true
}

// The processes that use most CPU: rates have a handle's two snapshots, and belong to
// their process when the rows are sorted.
func ExampleProcRates() {
	ctx := context.Background()
	procs, err := sysprobe.OpenProcs(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer procs.Close() //nolint:errcheck // it was read only
	var s sysprobe.ProcSnapshot
	var rates sysprobe.ProcRates
	for range 2 {
		if err := procs.Snapshot(ctx, &s, 0); err != nil {
			log.Print(err)
			return
		}
		rates.Update(&s, nil)
		time.Sleep(50 * time.Millisecond)
	}
	slices.SortFunc(s.Procs, func(a, b sysprobe.Proc) int {
		return cmp.Compare(rates.Of(b.ID).CPU.Or(0), rates.Of(a.ID).CPU.Or(0))
	})
	first, last := rates.Of(s.Procs[0].ID).CPU, rates.Of(s.Procs[len(s.Procs)-1].ID).CPU
	fmt.Println(first.Or(0) >= last.Or(0))
	// Output: true
}

// Every process of a tree, gently at first.
func ExampleProcs_KillTree() {
	ctx := context.Background()
	procs, err := sysprobe.OpenProcs(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer procs.Close() //nolint:errcheck // it was read only
	cmd, p := startSleep(ctx)
	defer p.Close() //nolint:errcheck // likewise
	killed, err := procs.KillTree(ctx, p.ID(), 10*time.Second)
	fmt.Println(killed, err)
	fmt.Println(cmd.Wait())
	// Output:
	// [] <nil>
	// signal: terminated
}

// A context limits the wait for a process, which sleeps in the kernel.
func ExampleProcess_Wait() {
	cmd, p := startSleep(context.Background())
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	defer p.Close() //nolint:errcheck // the process is reaped
	_, err := p.Wait(ctx)
	fmt.Println(err != nil, p.IsRunning(context.Background()))
	if err := p.Kill(); err != nil {
		log.Print(err)
	}
	fmt.Println(cmd.Wait())
	// Output:
	// true true
	// signal: killed
}

// Who listens on a port. No process is looked into but for the sockets that match.
func ExampleNetConnections() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close() //nolint:errcheck // nothing was sent
	sockets, err := sysprobe.NetConnections(context.Background(), sysprobe.ConnectionFilter{
		Kinds:     sysprobe.KindTCP,
		LocalPort: uint16(listener.Addr().(*net.TCPAddr).Port),
		Status:    []sysprobe.ConnStatus{sysprobe.ConnListen},
	})
	if err != nil {
		log.Print(err)
		return
	}
	for _, s := range sockets {
		owner, known := s.Process.Get()
		fmt.Println(s.Family, s.Type, s.Status, known && owner.PID == int32(os.Getpid()))
	}
	// Output: inet stream LISTEN true
}

// Zombies with who does not reap them.
func ExampleProcSnapshot_Zombies() {
	dead := exec.Command("sh", "-c", "exit 7")
	if err := dead.Start(); err != nil {
		log.Fatal(err)
	}
	defer dead.Wait() //nolint:errcheck // it exits with 7
	procs, err := sysprobe.OpenProcs(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer procs.Close() //nolint:errcheck // it was read only
	var s sysprobe.ProcSnapshot
	for {
		if err := procs.Snapshot(context.Background(), &s, 0); err != nil {
			log.Print(err)
			return
		}
		if p := s.Find(int32(dead.Process.Pid)); p == nil || p.IsZombie() {
			break
		}
	}
	p := s.Find(int32(dead.Process.Pid))
	fmt.Println(p.State, s.Parent(p).ID.PID == int32(os.Getpid()))
	// Output: zombie true
}

// How far a process is from its limit of open files.
func ExampleProcess_Limits() {
	ctx := context.Background()
	cmd, p := startSleep(ctx)
	defer p.Close() //nolint:errcheck // it is gone by then
	if err := p.SetLimit(sysprobe.ResourceFiles, sysprobe.Limit{Soft: sysprobe.Some[uint64](64), Hard: sysprobe.Some[uint64](128)}); err != nil {
		log.Print(err)
	}
	limits, err := p.Limits(ctx)
	fmt.Println(limits[sysprobe.ResourceFiles].Soft, limits[sysprobe.ResourceFiles].Hard, err)
	fmt.Println(p.Kill(), cmd.Wait())
	// Output:
	// 64 128 <nil>
	// <nil> signal: killed
}

// The memory of the machine, and of one process.
func ExampleReadMemory() {
	m, err := sysprobe.ReadMemory(nil)
	if err != nil {
		log.Fatal(err)
	}
	p, err := sysprobe.FindProcess(context.Background(), int32(os.Getpid()))
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close() //nolint:errcheck // it was read only
	footprint, err := p.Footprint(context.Background())
	fmt.Println(m.Available <= m.Total, footprint.USS <= footprint.PSS, m.PercentOf(footprint.PSS) < 100, err)
	// Output: true true true <nil>
}
