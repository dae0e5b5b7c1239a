package ntinfo

import (
	"encoding/binary"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// TimeOfDay is SYSTEM_TIMEOFDAY_INFORMATION. Times are in units of 100 ns since
// 1601.
type TimeOfDay struct {
	// Boot is when Windows started, by the wall clock of now, and Bias by how much
	// that moved since, because the clock was set.
	Boot, Now int64
	Bias      uint64
}

// FirstBoot is when Windows started by the wall clock of then: it never moves.
func (t TimeOfDay) FirstBoot() int64 { return t.Boot - int64(t.Bias) }

// DecodeTimeOfDay decodes the answer for SystemTimeOfDayInformation. Before Windows
// 2000 it ended with Now. It returns an error that wraps decode.ErrMalformed where b
// is shorter.
func DecodeTimeOfDay(b []byte) (TimeOfDay, error) {
	r := decode.NewRecord(b, binary.LittleEndian)
	if r.Len() < 16 {
		return TimeOfDay{}, &decode.Error{Format: "time of day", Offset: r.Len(), Reason: "want 16 bytes"}
	}
	return TimeOfDay{Boot: r.Int(decode.U64(0)), Now: r.Int(decode.U64(8)), Bias: r.Uint(decode.U64(32))}, nil
}

// Processors are how many there are, in all groups of processors.
type Processors struct{ Cores, Packages int }

// Numbers of LOGICAL_PROCESSOR_RELATIONSHIP.
const (
	relationCore    = 0
	relationPackage = 3
)

// DecodeProcessors counts the records of GetLogicalProcessorInformationEx. It
// returns an error that wraps decode.ErrMalformed where a record has no end.
func DecodeProcessors(b []byte) (Processors, error) {
	var p Processors
	for off := 0; off < len(b); {
		r := decode.NewRecord(b[off:], binary.LittleEndian)
		size := r.Uint(decode.U32(4))
		if r.Len() < 8 || size < 8 || size > uint64(r.Len()) {
			return p, &decode.Error{Format: "processors", Offset: off, Reason: "a record has no end"}
		}
		switch r.Uint(decode.U32(0)) {
		case relationCore:
			p.Cores++
		case relationPackage:
			p.Packages++
		}
		off += int(size)
	}
	return p, nil
}

// CommandLine returns the UNICODE_STRING that NtQueryInformationProcess wrote to
// the address base for ProcessCommandLineInformation, in UTF-16, for a program
// whose pointers have wordSize bytes. It returns an error that wraps
// decode.ErrMalformed where the text is not in b.
func CommandLine(b []byte, base uint64, wordSize int) ([]byte, error) {
	r := decode.NewRecord(b, binary.LittleEndian)
	pointer := decode.U64(8)
	if wordSize == 4 {
		pointer = decode.U32(4)
	}
	length := int(r.Uint(decode.U16(0)))
	if length < 2 && r.Has(pointer) {
		return nil, nil
	}
	text := nameIn(b, r.Uint(pointer)-base, length)
	if text == nil {
		return nil, &decode.Error{Format: "command line", Reason: "the text is not in the answer"}
	}
	return text, nil
}

// SplitCommandLine takes a command line apart as CommandLineToArgvW does: blanks
// separate arguments, double quotes keep them, 2n backslashes before a quote are n
// and one more makes the quote a character. In the program, which comes first,
// backslashes are no more than that.
func SplitCommandLine(line string) []string {
	if line == "" {
		return nil
	}
	var args []string
	first, rest := programOf(line)
	args = append(args, first)
	for {
		for rest != "" && isBlank(rest[0]) {
			rest = rest[1:]
		}
		if rest == "" {
			return args
		}
		var arg string
		arg, rest = argumentOf(rest)
		args = append(args, arg)
	}
}

// isBlank reports whether c separates arguments.
func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// programOf takes the first argument off a command line.
func programOf(line string) (program, rest string) {
	if line[0] == '"' {
		for i := 1; i < len(line); i++ {
			if line[i] == '"' {
				return line[1:i], line[i+1:]
			}
		}
		return line[1:], ""
	}
	for i := range len(line) {
		if isBlank(line[i]) {
			return line[:i], line[i:]
		}
	}
	return line, ""
}

// argumentOf takes a further argument off a command line, which begins with it.
func argumentOf(line string) (argument, rest string) {
	var b []byte
	quoted, backslashes := false, 0
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\':
			backslashes++
			b = append(b, c)
		case c == '"':
			b = b[:len(b)-(backslashes+1)/2]
			switch {
			case backslashes%2 == 1:
				b = append(b, c)
			case quoted && i+1 < len(line) && line[i+1] == '"': // a quote within quotes
				b = append(b, c)
				i++
			default:
				quoted = !quoted
			}
			backslashes = 0
		case isBlank(c) && !quoted:
			return string(b), line[i:]
		default:
			b = append(b, c)
			backslashes = 0
		}
	}
	return string(b), ""
}
