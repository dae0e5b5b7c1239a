package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
)

// chain is a Telegraf that gathers and writes line protocol to a file, and what
// a gather costs from the kernel to that file.
type chain struct {
	Name string `json:"name"`
	// Turns were measured, and Lines were written for each gather.
	Turns int `json:"turns"`
	Lines int `json:"lines"`
	// MedianNS is the lower median of the CPU time of a gather, and MinNS the
	// lowest; ExecdNS is the part of the latter that sysprobe-execd took.
	MedianNS int64 `json:"median_ns"`
	MinNS    int64 `json:"min_ns"`
	ExecdNS  int64 `json:"execd_ns"`
	// Error is why there is nothing else; Complaint the first line that a chain
	// that works wrote to standard error.
	Error     string `json:"error,omitempty"`
	Complaint string `json:"complaint,omitempty"`

	// execd is the sysprobe-execd that Telegraf starts; empty where Telegraf's
	// own inputs gather.
	execd  string
	inputs string // configuration
	marker marker
}

// chains are all that are measured beside the same load.
type chains struct {
	Processes  int      `json:"processes"`
	Interfaces int      `json:"interfaces"`
	All        []*chain `json:"all"`
}

// The names of the chains.
const (
	chainDefault = "defaults"
	chainEvery   = "every process"
	chainAll     = "interfaces alone"
	chainChanges = "interfaces alone, quiet, changes"
	chainPeers   = "Telegraf's inputs"
)

// Configurations of sysprobe-execd.
const (
	inputsDefault = "[[inputs.nicaddrs]]\n[[inputs.nicstats]]\n[[inputs.zombies]]\n[[inputs.procs]]\n"
	inputsAll     = "[[inputs.nicaddrs]]\n[[inputs.nicstats]]\n"
	inputsChanges = "[[inputs.nicaddrs]]\nreport = \"changes\"\n[[inputs.nicstats]]\nreport = \"changes\"\n"
)

// inputsPeers are Telegraf's inputs for what ours gather.
const inputsPeers = `
[[inputs.processes]]
[[inputs.net]]
[[inputs.ethtool]]
[[inputs.procstat]]
  pid_finder = "native"
  properties = ["cpu", "memory"]
  [[inputs.procstat.filter]]
    name = "all"
    process_names = ["*"]
`

// newChains returns the chains of sysprobe-execd, each with that of the build
// before if there is one, and that of Telegraf's own inputs. The loopback
// interface is never quiet.
func newChains(o options) *chains {
	totals, loopback := marker{"procs", ""}, marker{"nicstats", "interface=lo,"}
	var all []*chain
	for _, c := range []chain{
		{Name: chainDefault, inputs: inputsDefault, marker: totals},
		{Name: chainEvery, inputs: inputsDefault + procsEvery, marker: totals},
		{Name: chainAll, inputs: inputsAll, marker: loopback},
		{Name: chainChanges, inputs: inputsChanges, marker: loopback},
	} {
		c.execd = o.execd
		all = append(all, &c)
		if o.execdBefore != "" {
			old := c
			old.Name, old.execd = beforeOf(c.Name), o.execdBefore
			all = append(all, &old)
		}
	}
	all = append(all, &chain{Name: chainPeers, inputs: inputsPeers, marker: marker{"procstat_lookup", ""}})
	return &chains{Interfaces: 2*vethPairs + 1, All: all}
}

// beforeOf is the name of a chain as the build before has it.
func beforeOf(name string) string { return name + ", before" }

// onChain measures whole chains with many processes and interfaces.
func (r *report) onChain(ctx context.Context, o options, load string) error {
	if o.execd == "" || o.telegraf == "" {
		if o.only != "" {
			return errors.New("a chain needs the options -execd and -telegraf")
		}
		return nil
	}
	restore, err := makeRoom(o.processes)
	if err != nil {
		return err
	}
	processes, err := holdProcesses(ctx, load, o.processes)
	if err != nil {
		return joinErrors(err, restore())
	}
	network, err := holdNetwork(ctx)
	if err != nil {
		return joinErrors(err, processes.release(), restore())
	}
	r.Chains = newChains(o)
	err = r.Chains.measure(ctx, o, network)
	if err == nil {
		r.Chains.print(os.Stdout)
	}
	return joinErrors(err, network.release(), processes.release(), restore())
}

// print writes the figures as a table.
func (c *chains) print(w io.Writer) {
	fmt.Fprintf(w, "\nchain: a gather of %d processes and %d interfaces, from the kernel to a file, in CPU time\n\n", c.Processes, c.Interfaces)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "median\tmin\tsysprobe-execd\tTelegraf\tlines\tturns\t  \n")
	for _, of := range c.All {
		if of.Error != "" {
			fmt.Fprintf(t, "-\t-\t-\t-\t-\t-\t  %s: %s\n", of.Name, of.Error)
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%d\t  %s\n", milliseconds(of.MedianNS), milliseconds(of.MinNS),
			milliseconds(of.ExecdNS), milliseconds(of.MinNS-of.ExecdNS), of.Lines, of.Turns, of.Name)
	}
	t.Flush() //nolint:errcheck // standard output
	for _, of := range c.All {
		if of.Complaint != "" {
			fmt.Fprintf(w, "%s says: %s\n", of.Name, of.Complaint)
		}
	}
}

// find returns the lowest CPU time of a chain; 0 where it has none.
func (c *chains) find(name string) int64 {
	for _, of := range c.All {
		if of.Name == name {
			return of.MinNS
		}
	}
	return 0
}

// compare is the requirement that a chain takes at most, or at least, limit
// times the CPU time of another one.
func (c *chains) compare(name, a, b string, limit float64) requirement {
	of, to := c.find(a), c.find(b)
	return requirement{Name: name, Limit: limit, Value: ratio(of, to), Measured: of > 0 && to > 0}
}

// noiseChain is how much more of the CPU time of the build before a chain might
// take: two programs with a thread for each processor vary more than one pass.
const noiseChain = 1.1

// requirements holds the figures against the limits.
func (c *chains) requirements() []requirement {
	requirements := []requirement{
		c.compare("chain, times less than Telegraf's inputs", chainPeers, chainDefault, 60),
		c.compare("chain, every process, times less than Telegraf's inputs", chainPeers, chainEvery, 25),
		c.compare("chain, interfaces that are quiet, times all rows", chainChanges, chainAll, 0.1),
	}
	requirements[0].AtLeast, requirements[1].AtLeast = true, true
	for _, of := range c.All {
		if c.find(beforeOf(of.Name)) > 0 {
			requirements = append(requirements,
				c.compare("chain, "+of.Name+", times the build before", of.Name, beforeOf(of.Name), noiseChain))
		}
	}
	return requirements
}
