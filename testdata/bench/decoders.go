package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// decoder is what a benchmark of a pure decoder takes, whose answers are those of
// systems that are not this one.
type decoder struct {
	Name string `json:"name"`
	// NS and Allocs are of one answer: the least of all rounds, each of which is a few
	// answers long, so that some have a processor of their own.
	NS     float64 `json:"ns"`
	Allocs float64 `json:"allocs"`
}

// decoderLimits are the packages of decoders below sysprobe/internal/decode with their
// benchmarks, and how long each may take, in ms.
var decoderLimits = []struct {
	pkg, benchmark, name string
	limit                float64
	// known is how many processes were known before, for which nothing is allocated.
	known float64
}{
	{"kinfo", "BenchmarkProcs", "5,000 processes of another system", 2, 5000},
	{"rib", "BenchmarkDump", "1,000 interfaces with 3,000 addresses of another system", 2, 0},
	{"ntinfo", "BenchmarkDecodeProcesses", "5,000 processes of Windows with 8 threads each", 2, 5000},
	{"ipadapter", "BenchmarkDecodeTable", "1,000 interfaces of Windows", 2, 0},
	{"ifmedia", "BenchmarkWords", "1,000 media words", 0.1, 0},
}

// onDecoders runs the benchmarks in the checkout.
func (r *report) onDecoders(ctx context.Context, o options) error {
	fmt.Println("\ndecoders of other systems")
	for _, d := range decoderLimits {
		out, err := exec.CommandContext(ctx, "go", "test", "-run=^$", "-bench=^"+d.benchmark+"$", "-benchmem", "-benchtime=5x", "-cpu=1",
			"-count="+strconv.Itoa(10*o.rounds), "./sysprobe/internal/decode/"+d.pkg).Output()
		if err != nil {
			return fmt.Errorf("%s of %s: %w", d.benchmark, d.pkg, err)
		}
		r.Decoders = append(r.Decoders, leastOf(out)...)
	}
	for _, d := range r.Decoders {
		fmt.Printf("%9.3f ms %6.0f allocs  %s\n", d.NS/1e6, d.Allocs, d.Name)
	}
	return nil
}

// leastOf reads what go test prints of benchmarks: name, rounds, and numbers with
// their units.
func leastOf(out []byte) (all []*decoder) {
	byName := map[string]*decoder{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) < 4 || !strings.HasPrefix(words[0], "Benchmark") {
			continue
		}
		d := &decoder{Name: words[0], NS: -1, Allocs: -1}
		for i := 2; i+1 < len(words); i += 2 {
			n, err := strconv.ParseFloat(words[i], 64)
			switch {
			case err != nil:
			case words[i+1] == "ns/op":
				d.NS = n
			case words[i+1] == "allocs/op":
				d.Allocs = n
			}
		}
		old := byName[d.Name]
		if old == nil {
			byName[d.Name] = d
			all = append(all, d)
			continue
		}
		old.NS, old.Allocs = min(old.NS, d.NS), min(old.Allocs, d.Allocs)
	}
	return all
}

// judgeDecoders holds the slowest system of each benchmark against its limit.
func judgeDecoders(r *report) []requirement {
	if r.Decoders == nil {
		return nil
	}
	var requirements []requirement
	for _, limit := range decoderLimits {
		took := requirement{Name: limit.name + ", ms", Limit: limit.limit}
		allocs := requirement{Name: limit.name + ", allocations per process", Limit: 0.01}
		for _, d := range r.Decoders {
			if strings.HasPrefix(d.Name, limit.benchmark+"/") {
				took.Value, took.Measured = max(took.Value, d.NS/1e6), d.NS > 0
				allocs.Value, allocs.Measured = max(allocs.Value, d.Allocs/max(limit.known, 1)), d.Allocs >= 0
			}
		}
		if requirements = append(requirements, took); limit.known > 0 {
			requirements = append(requirements, allocs)
		}
	}
	return requirements
}
