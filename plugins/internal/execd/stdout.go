package execd

import (
	"io"
	"sync"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/plugins/serializers/influx"
)

const (
	// bufferSize is what goes to stdout in one write: what a Linux pipe holds.
	bufferSize = 64 << 10
	// linger is how long a metric waits for others of its gather: much shorter
	// than an interval, and long enough that a gather of thousands of metrics
	// costs tens of writes.
	linger = 20 * time.Millisecond
)

// stdout is an output that writes line protocol without waiting for a flush
// interval: a metric is gone after linger, be it from a gather or an event. It
// is a telegraf.AggregatingOutput because those get every metric at once, with
// no buffer in front that overflows while the reader is slow; a full pipe
// makes the inputs wait instead.
type stdout struct {
	onError func(error) // called once, at the first failed write

	mu         sync.Mutex
	w          io.Writer
	serializer influx.Serializer
	buf        []byte
	armed      bool
	written    bool
	err        error
}

func newStdout(w io.Writer, onError func(error)) *stdout {
	return &stdout{w: w, onError: onError}
}

// sortFields gives every line of a series the same order, for people to read.
func (o *stdout) sortFields() { o.serializer.SortFields = true }

// Add queues m. Integers are signed, as from Telegraf's own outputs: InfluxDB
// 1.x knows no others, so above MaxInt64 they stay at MaxInt64.
func (o *stdout) Add(m telegraf.Metric) {
	o.mu.Lock()
	defer o.mu.Unlock()
	line, err := o.serializer.Serialize(m)
	m.Accept()
	if err != nil || o.err != nil {
		return // no field that line protocol can hold, such as only NaN; or stdout is closed
	}
	o.buf = append(o.buf, line...)
	o.written = true
	switch {
	case len(o.buf) >= bufferSize:
		o.flush()
	case !o.armed:
		o.armed = true
		time.AfterFunc(linger, o.expire)
	}
}

func (o *stdout) expire() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.armed = false
	o.flush()
}

// flush is called with mu held.
func (o *stdout) flush() {
	if len(o.buf) == 0 {
		return
	}
	_, o.err = o.w.Write(o.buf)
	o.buf = o.buf[:0]
	if o.err != nil {
		o.onError(o.err)
	}
}

// Push flushes. The agent calls it at its flush interval and before it ends.
func (o *stdout) Push() []telegraf.Metric {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flush()
	return nil
}

// used reports whether there was a metric.
func (o *stdout) used() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.written
}

// failure returns the error of the first failed write.
func (o *stdout) failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// Write is never called with metrics: Push returns none.
func (*stdout) Write(_ []telegraf.Metric) error { return nil }

// Reset has nothing to reset: nothing is aggregated.
func (*stdout) Reset() {}

// Connect has nothing to connect to: stdout is there from the start.
func (*stdout) Connect() error { return nil }

// Close leaves stdout to the process. Push was called before it.
func (*stdout) Close() error { return nil }

// SampleConfig is empty: this output cannot be configured.
func (*stdout) SampleConfig() string { return "" }
