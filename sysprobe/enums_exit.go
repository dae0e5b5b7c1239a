package sysprobe

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ExitStatus is a wait status as wait(2) gives it: the exit code from the second
// byte on, which has 8 bits, and on Windows 32.
type ExitStatus uint64

// Code is the exit code of a process that exited: on Windows up to 0xffffffff, which
// where an int has 32 bits is negative, as those of os.ProcessState are.
func (e ExitStatus) Code() int { return int(uint32(e >> 8)) }

// Signal is the number of the signal that ended the process; 0 where it
// exited.
func (e ExitStatus) Signal() int { return int(e & 0x7f) }

// CoreDumped says that the signal left a core dump.
func (e ExitStatus) CoreDumped() bool { return e&0x80 != 0 }

// String is "exit 3", "exit 0xc0000005", "signal 15", "signal 6 (core dumped)" or, of
// what is no status of an exit, the number in hexadecimal. An exit code of more than
// 16 bits is in hexadecimal, as Windows documents its own.
func (e ExitStatus) String() string {
	code := e >> 8
	switch {
	case e&0xff == 0 && code <= math.MaxUint16:
		return fmt.Sprintf("exit %d", code)
	case e&0xff == 0 && code <= math.MaxUint32:
		return fmt.Sprintf("exit 0x%x", uint32(code))
	case e&^0xff == 0 && e.Signal() != 0 && e.CoreDumped():
		return fmt.Sprintf("signal %d (core dumped)", e.Signal())
	case e&^0xff == 0 && e.Signal() != 0:
		return fmt.Sprintf("signal %d", e.Signal())
	default:
		return fmt.Sprintf("0x%x", uint64(e))
	}
}

// MarshalText writes String; it never fails.
func (e ExitStatus) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads what MarshalText writes; any other text is an error.
func (e *ExitStatus) UnmarshalText(text []byte) error {
	read := ExitStatus(0)
	s, dumped := strings.CutSuffix(string(text), " (core dumped)")
	if code, ok := strings.CutPrefix(s, "exit "); ok {
		n, _ := strconv.ParseUint(code, 0, 32) //nolint:errcheck // the comparison below finds it
		read = ExitStatus(n << 8)
	} else if signal, ok := strings.CutPrefix(s, "signal "); ok {
		n, _ := strconv.ParseUint(signal, 10, 7) //nolint:errcheck // likewise
		read = ExitStatus(n)
	} else {
		n, _ := strconv.ParseUint(s, 0, 64) //nolint:errcheck // likewise
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
