package sysprobe

import (
	"fmt"
	"strconv"
	"strings"
)

// ExitStatus is a wait status as wait(2) gives it.
type ExitStatus uint32

// Code is the exit code of a process that exited.
func (e ExitStatus) Code() int { return int(e>>8) & 0xff }

// Signal is the number of the signal that ended the process; 0 where it
// exited.
func (e ExitStatus) Signal() int { return int(e & 0x7f) }

// CoreDumped says that the signal left a core dump.
func (e ExitStatus) CoreDumped() bool { return e&0x80 != 0 }

// String is "exit 3", "signal 15", "signal 6 (core dumped)" or, of what is no status
// of an exit, the number in hexadecimal.
func (e ExitStatus) String() string {
	switch {
	case e&^0xff00 == 0:
		return fmt.Sprintf("exit %d", e.Code())
	case e&^0xff == 0 && e.Signal() != 0 && e.CoreDumped():
		return fmt.Sprintf("signal %d (core dumped)", e.Signal())
	case e&^0xff == 0 && e.Signal() != 0:
		return fmt.Sprintf("signal %d", e.Signal())
	default:
		return fmt.Sprintf("0x%x", uint32(e))
	}
}

// MarshalText writes String; it never fails.
func (e ExitStatus) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads what MarshalText writes; any other text is an error.
func (e *ExitStatus) UnmarshalText(text []byte) error {
	read := ExitStatus(0)
	s, dumped := strings.CutSuffix(string(text), " (core dumped)")
	if code, ok := strings.CutPrefix(s, "exit "); ok {
		n, _ := strconv.ParseUint(code, 10, 8) //nolint:errcheck // the comparison below finds it
		read = ExitStatus(n << 8)
	} else if signal, ok := strings.CutPrefix(s, "signal "); ok {
		n, _ := strconv.ParseUint(signal, 10, 7) //nolint:errcheck // likewise
		read = ExitStatus(n)
	} else {
		n, _ := strconv.ParseUint(s, 0, 32) //nolint:errcheck // likewise
		read = ExitStatus(n)
	}
	if dumped {
		read |= 0x80
	}
	if read.String() != string(text) {
		return fmt.Errorf("%q is no exit status", text)
	}
	*e = read
	return nil
}
