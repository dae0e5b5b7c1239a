package sysprobe

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"unsafe"
)

// helpTitle TITLE PAD: a process that wrote a title over its arguments, both
// quoted as in Go, and before it a byte as often as it takes to fill them. The
// Go runtime leaves arguments where the kernel put them, with the environment
// behind them.
func helpTitle(args []string) error {
	title, err := strconv.Unquote(args[0])
	if err != nil {
		return err
	}
	pad, err := strconv.Unquote(args[1])
	if err != nil {
		return err
	}
	title, pad = strings.Clone(title), strings.Clone(pad) // not what is written over
	first, last := os.Args[0], os.Args[len(os.Args)-1]
	start := uintptr(unsafe.Pointer(unsafe.StringData(first)))
	end := uintptr(unsafe.Pointer(unsafe.StringData(last))) + uintptr(len(last)) + 1
	memory := unsafe.Slice(unsafe.StringData(first), end-start+1)
	area := memory[:end-start]
	if len(title) > len(area) {
		return errors.New("no room")
	}
	copy(area, strings.Repeat(pad, len(area)-len(title))+title)
	memory[len(area)] = 0 // of the environment
	return errors.Join(ready(), untilEOF(ignore))
}

// methodsAnswer is what helpMethods prints: how each method ended for each
// process.
type methodsAnswer map[string]map[string]string

// helpMethods NAME PID ...: opens the processes and prints, after a line, what
// their methods say.
func helpMethods(args []string) error {
	procs, err := OpenProcs(&Config{Backend: BackendProcFS})
	if err != nil {
		return err
	}
	opened := make(map[string]*Process)
	for i := 0; i+1 < len(args); i += 2 {
		pid, err := strconv.Atoi(args[i+1])
		if err != nil {
			return err
		}
		if opened[args[i]], err = procs.OpenProcess(ProcID{PID: int32(pid)}); err != nil {
			return err
		}
	}
	if err := ready(); err != nil {
		return err
	}
	return untilEOF(func(string) error {
		answer := make(methodsAnswer)
		for name, p := range opened {
			answer[name] = make(map[string]string)
			for method, call := range processMethods {
				answer[name][method] = outcome(call(p))
			}
		}
		return say(answer)
	})
}
