package sysprobetest

import (
	"bytes"
	"fmt"
	"sync"
	"syscall"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// Ioctl replays recorded answers of ioctl(2) about interfaces. It is safe for
// concurrent use.
type Ioctl struct {
	// Answers are the structures that the kernel returned, by IoctlName, and
	// Lists what it wrote where they point to. A request without an answer is an
	// error: that of Errors, or ENXIO.
	Answers, Lists map[string][]byte
	Errors         map[string]error

	mu    sync.Mutex
	names []string
}

// IoctlName names a request about an interface.
func IoctlName(request uint32, name string) string { return fmt.Sprintf("%#x %s", request, name) }

// Call answers as the system call does.
func (i *Ioctl) Call(request uint32, arg []byte, _ decode.Field, list []byte) error {
	text, _, _ := bytes.Cut(arg, []byte{0})
	name := IoctlName(request, string(text))
	i.mu.Lock()
	defer i.mu.Unlock()
	i.names = append(i.names, name)
	answer, ok := i.Answers[name]
	switch {
	case i.Errors[name] != nil:
		return i.Errors[name]
	case !ok:
		return syscall.ENXIO
	case len(answer) > len(arg):
		return syscall.EFAULT
	}
	copy(arg, answer)
	copy(list, i.Lists[name])
	return nil
}

// Names are the requests that were made, in their order.
func (i *Ioctl) Names() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]string(nil), i.names...)
}
