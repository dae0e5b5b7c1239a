package sysprobe_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"

	"telegraf-sysprobe/sysprobe"
)

// One process, by its PID: psutil's Process(pid).
func ExampleFindProcess() {
	ctx := context.Background()
	p, err := sysprobe.FindProcess(ctx, int32(os.Getpid()))
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close() //nolint:errcheck // it was read only

	args, err := p.Cmdline(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(args) == len(os.Args), filepath.Base(args[0]) == filepath.Base(os.Args[0]))

	_, err = sysprobe.FindProcess(ctx, math.MaxInt32)
	fmt.Println(errors.Is(err, sysprobe.ErrNoSuchProcess))
	// Output:
	// true true
	// true
}

// All processes, in the order of their PIDs. The iteration can end early.
func ExampleProcesses() {
	for p, err := range sysprobe.Processes(context.Background(), sysprobe.WantStatus) {
		if err != nil {
			log.Fatal(err)
		}
		if p.ID.PID == int32(os.Getpid()) {
			fmt.Println(p.PPID == int32(os.Getppid()), p.State != sysprobe.StateZombie)
			break
		}
	}
	// Output: true true
}
