//go:build windows

// Wine compares sysprobe with gopsutil under Wine, in one run: the process table with
// eight attributes, and the interfaces. Half of such work is done by wineserver, so
// that its CPU time counts too.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/shirou/gopsutil/v4/net"
	"github.com/shirou/gopsutil/v4/process"
	"golang.org/x/sys/windows"

	"telegraf-sysprobe/sysprobe"
)

const (
	processes = 200             // there are at least so many
	rounds    = 5               // of which the least counts
	lasts     = 2 * time.Second // of each round, of CPU time that is counted in 10 ms
	holder    = "hold"          // the argument of a process that waits
)

// pass is what is measured. It returns how many rows it got.
type pass func() (rows int, err error)

// comparison is what both libraries are asked.
type comparison struct {
	name               string
	atLeast            float64 // times less CPU time
	sysprobe, gopsutil pass
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == holder {
		io.Copy(io.Discard, os.Stdin) //nolint:errcheck // it ends with the parent
		return
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run starts processes, and compares.
func run() error {
	release, err := hold()
	defer release()
	if err != nil {
		return err
	}
	all, closeAll, err := comparisons()
	if err != nil {
		return err
	}
	defer closeAll()
	var missed error
	for _, c := range all {
		ours, rows, err := least(c.sysprobe)
		if err != nil {
			return fmt.Errorf("%s by sysprobe: %w", c.name, err)
		}
		theirs, others, err := least(c.gopsutil)
		if err != nil {
			return fmt.Errorf("%s by gopsutil: %w", c.name, err)
		}
		ratio := float64(theirs) / float64(ours)
		fmt.Printf("%-10s %4d rows, sysprobe %8.3f ms; %4d rows, gopsutil %8.3f ms; %6.1f times less, at least %.0f\n",
			c.name, rows, ours.Seconds()*1e3, others, theirs.Seconds()*1e3, ratio, c.atLeast)
		if ratio < c.atLeast {
			missed = errors.Join(missed, fmt.Errorf("%s: %.1f times less CPU time than gopsutil, want %.0f", c.name, ratio, c.atLeast))
		}
	}
	return missed
}

// hold starts processes, until release.
func hold() (release func(), err error) {
	var inputs []io.Closer
	var running []*exec.Cmd
	release = func() {
		for i, cmd := range running {
			inputs[i].Close() //nolint:errcheck // nothing was written
			cmd.Wait()        //nolint:errcheck // it ended
		}
	}
	for range processes {
		cmd := exec.CommandContext(context.Background(), os.Args[0], holder)
		input, err := cmd.StdinPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			return release, err
		}
		inputs, running = append(inputs, input), append(running, cmd)
	}
	return release, nil
}

// comparisons opens the handles.
func comparisons() (all []comparison, closeAll func(), err error) {
	procs, err := sysprobe.OpenProcs(nil)
	if err != nil {
		return nil, nil, err
	}
	nics, err := sysprobe.OpenNICAddrs(nil)
	if err != nil {
		return nil, nil, errors.Join(err, procs.Close())
	}
	var table sysprobe.ProcSnapshot
	var addrs sysprobe.AddrSnapshot
	return []comparison{
		{"processes", 10, func() (int, error) {
			err := procs.Snapshot(context.Background(), &table, sysprobe.WantName|sysprobe.WantStatus)
			return len(table.Procs), err
		}, gopsutilProcesses},
		{"interfaces", 3, func() (int, error) {
			err := nics.Snapshot(context.Background(), &addrs)
			return len(addrs.Interfaces), err
		}, func() (int, error) {
			interfaces, err := net.Interfaces()
			return len(interfaces), err
		}},
	}, func() { procs.Close(); nics.Close() }, nil //nolint:errcheck // they were read only
}

// gopsutilProcesses asks gopsutil for eight attributes of every process.
func gopsutilProcesses() (int, error) {
	all, err := process.Processes()
	for _, p := range all {
		// What it cannot say of one, such as that of process 0, it says not.
		p.Name()       //nolint:errcheck // see above
		p.Ppid()       //nolint:errcheck // see above
		p.Username()   //nolint:errcheck // see above
		p.CreateTime() //nolint:errcheck // see above
		p.Times()      //nolint:errcheck // see above
		p.MemoryInfo() //nolint:errcheck // see above
		p.NumThreads() //nolint:errcheck // see above
	}
	return len(all), err
}

// least returns the least CPU time of a pass.
func least(p pass) (time.Duration, int, error) {
	rows, err := p() // the first one is of a table that is not known yet
	if err != nil {
		return 0, 0, err
	}
	var best time.Duration
	for range rounds {
		before, err := used()
		if err != nil {
			return 0, 0, err
		}
		passes := 0
		for began := time.Now(); time.Since(began) < lasts; passes++ {
			if rows, err = p(); err != nil {
				return 0, 0, err
			}
		}
		after, err := used()
		if err != nil {
			return 0, 0, err
		}
		if each := (after - before) / time.Duration(passes); best == 0 || each < best {
			best = each
		}
	}
	return best, rows, nil
}

// used is the CPU time of this process and of wineserver, which opens files for it and
// so finds itself in the directory self.
func used() (time.Duration, error) {
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(windows.CurrentProcess(), &created, &exited, &kernel, &user); err != nil {
		return 0, err
	}
	units := func(t windows.Filetime) int64 { return int64(t.HighDateTime)<<32 | int64(t.LowDateTime) }
	own := time.Duration(units(kernel)+units(user)) * 100
	stat, err := os.ReadFile(`Z:\proc\self\stat`)
	if err != nil {
		return 0, err
	}
	name, rest, found := bytes.Cut(stat, []byte(") "))
	fields := bytes.Fields(rest)
	if !found || !bytes.Contains(name, []byte("(wineserver")) || len(fields) < 13 {
		return 0, fmt.Errorf("%q is not of wineserver", stat)
	}
	for _, field := range fields[11:13] { // utime and stime
		ticks, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return 0, err
		}
		own += time.Duration(ticks) * 10 * time.Millisecond
	}
	return own, nil
}
