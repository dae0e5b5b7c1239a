package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"
)

// options are the command line.
type options struct {
	rounds      int
	json, execd string
	// exits is how long a storm of exits takes, trials how many zombies are made
	// one by one.
	exits  time.Duration
	trials int
}

// report is what a comparison found.
type report struct {
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
	CPUs   int    `json:"cpus"`

	Groups       []*group      `json:"groups"`
	Execd        []*execd      `json:"execd,omitempty"`
	Exits        *exits        `json:"exits"`
	Requirements []requirement `json:"requirements"`
}

// errMissed is the outcome of a run in which not every requirement held.
var errMissed = errors.New("a requirement is missed or was not measured")

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
	floor, err := compile(ctx, dir, "floor.c")
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	load, err := compile(ctx, dir, "load.c")
	if err != nil {
		return err
	}

	storms, err := compile(ctx, dir, "exits.c")
	if err != nil {
		return err
	}

	r := &report{Kernel: kernel(), Go: runtime.Version(), CPUs: runtime.NumCPU()}
	fmt.Printf("Linux %s, %s, %d CPUs; every task on one thread, unless it says otherwise\n", r.Kernel, r.Go, r.CPUs)
	if err := r.onExecd(ctx, o); err != nil {
		return err
	}
	r.Exits = measureExits(ctx, storms, o.exits, o.trials)
	r.Exits.print(os.Stdout)
	if err := r.onProcesses(ctx, o, programs{self: self, floor: floor}, load); err != nil {
		return err
	}
	if err := r.onNetwork(ctx, o, programs{self: self, floor: floor}); err != nil {
		return err
	}
	return r.conclude(o.json)
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

// onProcesses measures with many processes.
func (r *report) onProcesses(ctx context.Context, o options, p programs, load string) error {
	h, err := holdProcesses(ctx, load)
	if err != nil {
		return err
	}
	p.inside = func(args ...string) []string { return args }
	err = r.measure(ctx, o, p, processGroup(), zombieGroup())
	if err == nil {
		err = r.onExecd(ctx, o)
	}
	return joinErrors(err, h.release())
}

// onNetwork measures with many interfaces.
func (r *report) onNetwork(ctx context.Context, o options, p programs) error {
	h, err := holdNetwork(ctx)
	if err != nil {
		return err
	}
	p.inside = h.inside
	err = r.measure(ctx, o, p, addressGroup(), linkGroup())
	return joinErrors(err, h.release())
}

// measure runs and prints groups.
func (r *report) measure(ctx context.Context, o options, p programs, groups ...*group) error {
	for _, g := range groups {
		if err := g.run(ctx, p, o.rounds); err != nil {
			return err
		}
		g.print(os.Stdout)
		r.Groups = append(r.Groups, g)
	}
	return nil
}

// conclude prints the verdicts and writes the figures to a file, if named.
func (r *report) conclude(file string) error {
	r.Requirements = judge(r)
	missed := printRequirements(os.Stdout, r.Requirements)
	if file != "" {
		figures, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(file, append(figures, '\n'), 0o644); err != nil {
			return err
		}
	}
	if missed {
		return errMissed
	}
	return nil
}
