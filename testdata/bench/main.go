// Bench compares sysprobe and its plugins with the least a C program can do
// and with what else there is, side by side in one run: it makes its own load,
// lets all take turns, and prints the times, allocations and ratios. It runs
// as root and leaves nothing behind.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 15, "how often to repeat each measurement")
	flag.IntVar(&o.processes, "processes", 5000, "how many sleeping processes to measure beside")
	flag.IntVar(&o.forks, "forks", 0, "how many processes begin and end a second meanwhile")
	flag.StringVar(&o.json, "json", "", "also write the figures to this `file`")
	flag.StringVar(&o.execd, "execd", "", "the sysprobe-execd `program` to measure")
	flag.StringVar(&o.before, "before", "", "this `program` as another commit builds it, to take turns with")
	flag.StringVar(&o.execdBefore, "execd-before", "", "the sysprobe-execd `program` as another commit builds it, to take turns with")
	flag.StringVar(&o.telegraf, "telegraf", "", "the Telegraf `program` that starts sysprobe-execd or gathers with its own inputs")
	flag.DurationVar(&o.exits, "exits", 10*time.Second, "how long to end 10,000 processes a second")
	flag.IntVar(&o.trials, "trials", 1000, "how many zombies to make one by one")
	flag.StringVar(&o.only, "only", "", "measure this `group` alone: exits, processes, connections, calls, addresses, links, decoders or chain")
	task := flag.String("worker", "", "make passes of this `task`, one for each line of standard input")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// A worker that has ended, or a reader of the figures, is no reason to leave
	// the load behind: the write fails with EPIPE.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	var err error
	if *task != "" {
		err = workOn(*task)
	} else {
		runtime.LockOSThread() // the children ask to be killed with the thread that started them
		err = compare(ctx, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// workOn is the whole life of a worker.
func workOn(task string) error {
	open, ok := goTasks[task]
	if !ok {
		return fmt.Errorf("no task %q", task)
	}
	run, err := open()
	if err != nil {
		return err
	}
	return work(os.Stdin, os.Stdout, run)
}
