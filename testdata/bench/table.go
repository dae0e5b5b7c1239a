package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// print writes the group as a table, with CPU times as multiples of the floor
// and of ours.
func (g *group) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s: %d\n\n", g.Name, g.Items)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "median\tmin\tCPU\tus/%s\tx floor\tx ours\tallocs\tKiB\tresident\trows\trounds\t  \n", g.Item)
	floor, ours := g.Tasks[0].CPUNS, g.Tasks[1].CPUNS
	for _, task := range g.Tasks {
		if task.Error != "" {
			fmt.Fprintf(t, "-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t  %s: %s\n", task.Name, task.Error)
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%.2f\t%s\t%s\t%s\t%s\t%d MiB\t%d\t%d\t  %s\n",
			milliseconds(task.MedianNS), milliseconds(task.MinNS), milliseconds(task.CPUNS), ratio(task.CPUNS, int64(g.Items))/1e3,
			times(task.CPUNS, floor), times(task.CPUNS, ours),
			countOf(task, task.Allocs), countOf(task, task.Bytes>>10), task.Resident>>10, task.Rows, task.Rounds, task.Name)
	}
	t.Flush() //nolint:errcheck // standard output
	for _, task := range g.Tasks {
		if task.Complaint != "" {
			fmt.Fprintf(w, "%s says: %s\n", task.Name, task.Complaint)
		}
	}
}

func milliseconds(ns int64) string {
	return fmt.Sprintf("%.2f ms", float64(ns)/float64(time.Millisecond))
}

// times is a/b for people.
func times(a, b int64) string {
	if b == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", ratio(a, b))
}

// countOf is n where the task counts allocations.
func countOf(t *task, n uint64) string {
	if t.worker != "go" {
		return "-"
	}
	return fmt.Sprint(n)
}

// ratio is a/b, or 0 where there is no b.
func ratio[T int64 | uint64](a, b T) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// print writes what sysprobe-execd costs.
func (e *execd) print(w io.Writer) {
	fmt.Fprintf(w, "\nsysprobe-execd, %d processes: %s to the first metric, %d KiB resident, %d KiB at most\n",
		e.Processes, milliseconds(e.StartNS), e.Resident, e.Peak)
}
