package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"time"
)

// options are the command line.
type options struct {
	rounds      int
	processes   int // that sleep
	forks       int // a second, meanwhile
	json, execd string
	// before and execdBefore are this program and sysprobe-execd as another commit
	// builds them; empty for none.
	before, execdBefore string
	telegraf            string
	// exits is how long a storm of exits takes, trials how many zombies are made
	// one by one.
	exits  time.Duration
	trials int
	// only names the one group to measure; empty for all and sysprobe-execd.
	only string
}

// report is what a comparison found.
type report struct {
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
	CPUs   int    `json:"cpus"`
	// Peers are the versions of the peers that limits depend on, by name.
	Peers map[string]string `json:"peers"`

	Groups       []*group      `json:"groups"`
	Execd        []*execd      `json:"execd,omitempty"`
	Exits        *exits        `json:"exits"`
	Events       *events       `json:"events"`
	Waits        *waits        `json:"waits"`
	Chains       *chains       `json:"chains,omitempty"`
	Decoders     []*decoder    `json:"decoders,omitempty"`
	Requirements []requirement `json:"requirements"`
}

// errMissed is the outcome of a run in which not every requirement held.
var errMissed = errors.New("a requirement is missed or was not measured")

// natives are the programs in C.
type natives struct{ floor, load, storms, subject string }

// compileAll builds the programs in C into dir.
func compileAll(ctx context.Context, dir string) (n natives, err error) {
	for _, c := range []struct {
		source  string
		program *string
	}{{"floor.c", &n.floor}, {"load.c", &n.load}, {"exits.c", &n.storms}, {"subject.c", &n.subject}} {
		if *c.program, err = compile(ctx, dir, c.source); err != nil {
			return n, err
		}
	}
	return n, nil
}

// compare measures everything, prints it and judges it.
func compare(ctx context.Context, o options) (err error) {
	if os.Geteuid() != 0 {
		return errors.New("network namespaces and other users' processes need root")
	}
	dir, err := os.MkdirTemp("", "sysprobe-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	native, err := compileAll(ctx, dir)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	p := programs{self: self, floor: native.floor, before: o.before}
	r := &report{Kernel: kernel(), Go: runtime.Version(), CPUs: runtime.NumCPU(), Peers: peerVersions(ctx)}
	fmt.Printf("Linux %s, %s, %d CPUs; every task on one thread, unless it says otherwise\n", r.Kernel, r.Go, r.CPUs)
	for _, name := range slices.Sorted(maps.Keys(r.Peers)) {
		fmt.Printf("peer: %s %s\n", name, r.Peers[name])
	}
	if o.only != "" {
		return r.onOne(ctx, o, p, native)
	}
	if err := r.onExecd(ctx, o); err != nil {
		return err
	}
	r.onExits(ctx, o, native.storms)
	if err := r.onProcesses(ctx, o, p, native.load, native.storms); err != nil {
		return err
	}
	if err := r.onConnections(ctx, o, p, native.load); err != nil {
		return err
	}
	if err := r.onCalls(ctx, o, p, native.load, native.subject); err != nil {
		return err
	}
	if err := r.onNetwork(ctx, o, p, addressGroup(), linkGroup()); err != nil {
		return err
	}
	if err := r.onDecoders(ctx, o); err != nil {
		return err
	}
	if err := r.onChain(ctx, o, native.load); err != nil {
		return err
	}
	return r.conclude(o)
}

// onOne measures one group.
func (r *report) onOne(ctx context.Context, o options, p programs, native natives) error {
	var err error
	switch o.only {
	case "exits":
		r.onExits(ctx, o, native.storms)
	case "processes":
		err = r.onProcesses(ctx, o, p, native.load, native.storms)
	case "connections":
		err = r.onConnections(ctx, o, p, native.load)
	case "calls":
		err = r.onCalls(ctx, o, p, native.load, native.subject)
	case "addresses":
		err = r.onNetwork(ctx, o, p, addressGroup())
	case "links":
		err = r.onNetwork(ctx, o, p, linkGroup())
	case "decoders":
		err = r.onDecoders(ctx, o)
	case "chain":
		err = r.onChain(ctx, o, native.load)
	default:
		err = fmt.Errorf("no group %q; use exits, processes, connections, calls, addresses, links, decoders or chain", o.only)
	}
	if err != nil {
		return err
	}
	return r.conclude(o)
}

// onExecd measures sysprobe-execd on the machine as it is.
func (r *report) onExecd(ctx context.Context, o options) error {
	if o.execd == "" {
		return nil
	}
	e, err := measureExecd(ctx, o.execd, o.rounds)
	if err != nil {
		return err
	}
	e.print(os.Stdout)
	r.Execd = append(r.Execd, e)
	return nil
}

// onExits measures what it costs to hear of processes that end.
func (r *report) onExits(ctx context.Context, o options, storms string) {
	r.Exits = measureExits(ctx, storms, o.exits, o.trials)
	r.Exits.print(os.Stdout)
}

// onProcesses measures with many processes, of which some may come and go.
func (r *report) onProcesses(ctx context.Context, o options, p programs, load, storms string) error {
	restore, err := makeRoom(o.processes)
	if err != nil {
		return err
	}
	h, err := holdProcesses(ctx, load, o.processes)
	if err != nil {
		return joinErrors(err, restore())
	}
	storm, err := holdStorm(ctx, storms, o.forks)
	if err != nil {
		return joinErrors(err, h.release(), restore())
	}
	p.inside = func(args ...string) []string { return args }
	err = r.measure(ctx, o, p, processGroup(), zombieGroup())
	if err == nil {
		err = r.onExecd(ctx, o)
	}
	return joinErrors(err, storm(), h.release(), restore())
}

// onConnections measures with many sockets.
func (r *report) onConnections(ctx context.Context, o options, p programs, load string) error {
	restore, err := makeRoom(o.processes)
	if err != nil {
		return err
	}
	h, err := holdSockets(ctx, load, o.processes)
	if err != nil {
		return joinErrors(err, restore())
	}
	p.inside = h.inside
	err = r.measure(ctx, o, p, connectionGroup())
	return joinErrors(err, h.release(), restore())
}

// onNetwork measures with many interfaces.
func (r *report) onNetwork(ctx context.Context, o options, p programs, groups ...*group) error {
	h, err := holdNetwork(ctx)
	if err != nil {
		return err
	}
	p.inside = h.inside
	err = r.measure(ctx, o, p, groups...)
	if err == nil && groups[0].Name == "addresses" {
		r.Events = measureEvents(ctx, h.cmd.Process.Pid)
		r.Events.print(os.Stdout)
	}
	return joinErrors(err, h.release())
}

// measure runs and prints groups.
func (r *report) measure(ctx context.Context, o options, p programs, groups ...*group) error {
	for _, g := range groups {
		if p.before != "" {
			g.addBefore()
		}
		if err := g.run(ctx, p, o.rounds); err != nil {
			return err
		}
		g.print(os.Stdout)
		r.Groups = append(r.Groups, g)
	}
	return nil
}

// conclude prints the verdicts and writes the figures to a file, if named. A
// single group is judged by what concerns it.
func (r *report) conclude(o options) error {
	r.Requirements = judge(r)
	if o.only != "" {
		r.Requirements = slices.DeleteFunc(r.Requirements, func(q requirement) bool { return !q.Measured })
	}
	missed := printRequirements(os.Stdout, r.Requirements)
	if o.json != "" {
		figures, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(o.json, append(figures, '\n'), 0o644); err != nil {
			return err
		}
	}
	if missed {
		return errMissed
	}
	return nil
}
