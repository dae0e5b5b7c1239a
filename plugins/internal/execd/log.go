package execd

import (
	"fmt"
	"hash/maphash"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/logger"
)

// maxLine bounds a line on stderr, in bytes. inputs.execd stops reading, and
// so stalls us, at a line of 64 KiB (bufio.MaxScanTokenSize).
const maxLine = 32 << 10

// levelAttribute is the attribute under which the logger of an input carries the
// log_level of its instance. Telegraf calls a callback for messages of every
// level, and does not pass the level that it would filter by.
const levelAttribute = "log_level"

// hostSource is where messages of the host come from.
const hostSource = "sysprobe-execd"

// A message that repeats is written again after quiet, so that a fault of every
// gather does not fill the log. maxRepeats bounds how many are remembered.
const (
	quiet      = time.Hour
	maxRepeats = 1000
)

// stderrLog writes Telegraf's log the way inputs.execd reads it: one line per
// message that starts with "E! ", "W! ", "I! ", "D! " or "T! ".
type stderrLog struct {
	level atomic.Int64 // a telegraf.LogLevel

	mu      sync.Mutex
	w       io.Writer
	seed    maphash.Seed
	repeats map[uint64]repeat // by hash: a message can be long
}

// repeat is a message that was written.
type repeat struct {
	at      time.Time
	dropped int // since then
}

func newStderrLog(w io.Writer) *stderrLog {
	l := &stderrLog{w: w, seed: maphash.MakeSeed(), repeats: map[uint64]repeat{}}
	l.level.Store(int64(telegraf.Info))
	return l
}

// captureLog takes over the log of Telegraf and of the standard library until
// release is called. There is one log in a process, so there can be one
// capture at a time.
func captureLog(w io.Writer) (l *stderrLog, release func(), err error) {
	l = newStderrLog(w)
	// Any sink ends the buffering of "early" messages, which keeps every one
	// of them in memory, including those below the level.
	logger.RedirectLogging(io.Discard)
	id, err := logger.AddCallback(l.print)
	if err != nil {
		return nil, nil, fmt.Errorf("taking over the log: %w", err)
	}
	return l, func() { logger.RemoveCallback(id) }, nil
}

// setLevel sets the level of loggers that have none of their own.
func (l *stderrLog) setLevel(debug, quiet bool) {
	switch {
	case quiet:
		l.level.Store(int64(telegraf.Error))
	case debug:
		l.level.Store(int64(telegraf.Debug))
	}
}

// warn writes a message of the host itself.
func (l *stderrLog) warn(text string) { l.print(telegraf.Warn, time.Now(), hostSource, nil, text) }

// info writes a message of the host itself.
func (l *stderrLog) info(text string) { l.print(telegraf.Info, time.Now(), hostSource, nil, text) }

// print is a logger.CallbackFunc.
func (l *stderrLog) print(level telegraf.LogLevel, at time.Time, source string, attributes map[string]any, args ...any) {
	if source == "" && level == telegraf.Info {
		level = telegraf.Debug // the agent's own messages, which the outer Telegraf logs too
	}
	limit := telegraf.LogLevel(l.level.Load())
	if own, ok := attributes[levelAttribute].(telegraf.LogLevel); ok {
		limit = own
	}
	if !limit.Includes(level) {
		return
	}
	text := fmt.Sprint(args...)
	if source != "" {
		text = "[" + source + "] " + text
	}
	line := level.Indicator() + " " + oneLine(text)

	l.mu.Lock()
	defer l.mu.Unlock()
	if level < telegraf.Debug {
		dropped, due := l.due(line, at)
		if !due {
			return
		}
		if dropped > 0 {
			line += fmt.Sprintf(" (and %d times before)", dropped)
		}
	}
	_, _ = io.WriteString(l.w, line+"\n") //nolint:errcheck // there is no other place to report that the log cannot be written
}

// due reports whether to write a line, and how often it was dropped since it was
// written last.
func (l *stderrLog) due(line string, at time.Time) (dropped int, due bool) {
	key := maphash.String(l.seed, line)
	last, known := l.repeats[key]
	if known && at.Sub(last.at) < quiet {
		last.dropped++
		l.repeats[key] = last
		return 0, false
	}
	if len(l.repeats) >= maxRepeats {
		clear(l.repeats)
	}
	l.repeats[key] = repeat{at: at}
	return last.dropped, true
}

// oneLine escapes control characters, which would end the line or command the
// reader's terminal, and cuts what is too long.
func oneLine(text string) string {
	var b strings.Builder
	for i, r := range text {
		if b.Len() >= maxLine {
			fmt.Fprintf(&b, "... (%d bytes more)", len(text)-i)
			break
		}
		if unicode.IsControl(r) {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		} else {
			b.WriteString(string(r)) // an invalid byte arrives here as U+FFFD
		}
	}
	return b.String()
}
