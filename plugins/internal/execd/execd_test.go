package execd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/conf"
)

const often = "[agent]\n  interval = \"20ms\"\n  round_interval = false\n"

func TestServe(t *testing.T) {
	w := newWorld(t, often+`
[global_tags]
  dc = "x"
[[inputs.fake]]
  alias = "one"
  [inputs.fake.tags]
    a = "b"
[[inputs.fake]]
  alias = "two"
  interval = "1h"
  name_override = "slow"
[[inputs.service]]
  namepass = ["event"]
`, Serve)
	done := w.start(t)
	eventually(t, "metrics of every instance, without a flush interval", func() bool {
		out := w.stdout.String()
		return strings.Contains(out, "fake,a=b,dc=x,row=0 n=3i ") && strings.Contains(out, "slow,dc=x,row=0 n=1i ") &&
			strings.Contains(out, "event,dc=x n=1i ")
	})
	if _, err := io.WriteString(w.stdin, "\n\n"); err != nil {
		t.Fatalf("writing newlines to stdin: %v", err)
	}
	w.hangUp(t)
	if err := ended(t, done); err != nil {
		t.Errorf("Run = %v after stdin ended", err)
	}
	if n := w.stdout.count("slow,"); n != 1 {
		t.Errorf("%d metrics of an input with interval = \"1h\", want 1 whatever stdin says", n)
	}
	if out := w.stdout.String(); strings.Contains(out, "host=") || strings.Contains(out, "service") {
		t.Errorf("a host tag, or what namepass drops, in:\n%s", out)
	}
	if logged := w.stderr.String(); logged != "" {
		t.Errorf("messages of a quiet life:\n%s", logged)
	}
}

func TestStopFlushes(t *testing.T) {
	for _, tt := range []struct {
		name string
		stop func(*world, context.CancelFunc)
	}{
		{"stdin ends", func(w *world, _ context.CancelFunc) { w.hangUp(t) }},
		{"signal", func(_ *world, cancel context.CancelFunc) { cancel() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			calls.names = nil
			w := newWorld(t, "[agent]\n interval = \"1h\"\n round_interval = false\n[[inputs.service]]\n", Serve)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error, 1)
			go func() { done <- w.host.Run(ctx) }()
			eventually(t, "a gather", func() bool {
				calls.Lock()
				defer calls.Unlock()
				return slices.Contains(calls.names, "Gather")
			})
			tt.stop(w, cancel)
			if err := ended(t, done); err != nil {
				t.Errorf("Run = %v", err)
			}
			if w.stdout.count("\nservice") != 0 || w.stdout.count("fake,row=0 n=1i") != 1 {
				t.Errorf("the last gather is not in %q", w.stdout)
			}
			if diff := cmp.Diff([]string{"Start", "Gather", "Stop"}, calls.names); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStdoutErrors(t *testing.T) {
	for _, tt := range []struct {
		name      string
		err, want error
	}{
		{"reader gone", fmt.Errorf("write |1: %w", syscall.EPIPE), nil},
		{"disk full", syscall.ENOSPC, syscall.ENOSPC},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, often+"[[inputs.fake]]\n", Serve)
			w.stdout.err = tt.err
			if err := ended(t, w.start(t)); !errors.Is(err, tt.want) {
				t.Errorf("Run = %v, want %v", err, tt.want)
			}
			if w.stdout.writes != 1 {
				t.Errorf("%d writes, want none after the one that failed", w.stdout.writes)
			}
		})
	}
}

func TestFewWrites(t *testing.T) {
	w := newWorld(t, "[[inputs.fake]]\n  rows = 5000\n", Once)
	if err := w.host.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.stdout.count("\n"); n != 5000 {
		t.Errorf("%d metrics, want 5000", n)
	}
	if w.stdout.writes > 50 {
		t.Errorf("%d writes for 5000 metrics, want tens", w.stdout.writes)
	}
}

func TestNumbers(t *testing.T) {
	w := newWorld(t, "[[inputs.fake]]\n  rows = 0\n  odd = true\n", Once)
	if err := w.host.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out := w.stdout.String(); !strings.HasPrefix(out, "odd u=9223372036854775807i ") || strings.Count(out, "\n") != 1 {
		t.Errorf("got %q, want only the integer, as large as InfluxDB has it", out)
	}
}

func TestPanics(t *testing.T) {
	for _, tt := range []struct{ method, input, message string }{
		{"Gather", "fake", "E! [inputs.fake::bad] Error in plugin: Gather panicked: runtime error: " +
			"index out of range [1] with length 0 at execd.(*fake).Gather fake_test.go:"},
		{"Start", "service", "E! [inputs.service::bad] Start panicked: in Start at execd.(*service).Start fake_test.go:"},
		{"Stop", "service", "E! [inputs.service::bad] Stop panicked: in Stop at execd.(*service).Stop fake_test.go:"},
	} {
		t.Run(tt.method, func(t *testing.T) {
			w := newWorld(t, often+"debug = true\n[[inputs.fake]]\n  name_override = \"good\"\n[[inputs."+tt.input+
				"]]\n  alias = \"bad\"\n  panic = \""+tt.method+"\"\n", Serve)
			done := w.start(t)
			eventually(t, "the other input to go on", func() bool { return w.stdout.count("good,row=0 n=5i") > 0 })
			w.hangUp(t)
			if err := ended(t, done); err != nil {
				t.Errorf("Run = %v", err)
			}
			if !strings.Contains(w.stderr.String(), tt.message) {
				t.Errorf("no %q in:\n%s", tt.message, w.stderr)
			}
			if w.stderr.count("; called from execd.(*") == 0 {
				t.Errorf("no stack at debug level in:\n%s", w.stderr)
			}
		})
	}
	t.Run("Init", func(t *testing.T) {
		w := newWorld(t, "[[inputs.fake]]\n  panic = \"Init\"\n", Check)
		want := ": line 1: inputs.fake[1]: Init panicked: in Init at execd.(*fake).Init"
		if err := w.host.Run(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Run = %v, want %s", err, want)
		}
	})
	t.Run("an error stays itself", func(t *testing.T) {
		g := &guard{log: testutil.Logger{}}
		if err := g.try("Gather", func() error { panic(io.ErrUnexpectedEOF) }); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("try = %v", err)
		}
	})
}

// TestOnceGathersTwice looks at which gather arrives, and when: the inputs do not
// wait for each other.
func TestOnceGathersTwice(t *testing.T) {
	w := newWorld(t, strings.Repeat("[[inputs.fake]]\n", 5)+"[[inputs.service]]\n  name_override = \"service\"\n", Once)
	began := time.Now()
	if err := w.host.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < warmUp || took > 6*warmUp {
		t.Errorf("took %v, want one pause of %v", took, warmUp)
	}
	if out := w.stdout.String(); strings.Count(out, "fake,row=0 n=2i ") != 5 || strings.Count(out, "service,row=0 n=2i ") != 1 ||
		strings.Contains(out, "row=0 n=1i ") {
		t.Errorf("want the second gather of each input alone:\n%s", out)
	}
	if w.stdout.count("service n=1i ") != 1 {
		t.Errorf("the event of Start is missing in:\n%s", w.stdout)
	}
}

func TestOnceIsInterrupted(t *testing.T) {
	w := newWorld(t, "[[inputs.fake]]\n", Once)
	ctx, cancel := context.WithTimeout(t.Context(), warmUp/10)
	defer cancel()
	began := time.Now()
	if err := w.host.Run(ctx); err != nil {
		t.Errorf("Run = %v", err)
	}
	if took := time.Since(began); took >= warmUp {
		t.Errorf("took %v, want no pause of %v", took, warmUp)
	}
}

func TestOnceFails(t *testing.T) {
	for _, tt := range []struct{ name, conf, want string }{
		{"error", "[[inputs.fake]]\n[[inputs.fake]]\n alias = \"bad\"\n fail = \"no such thing\"\n", "failed: inputs.fake::bad"},
		{"panic", "[[inputs.fake]]\n panic = \"Gather\"\n", "failed: inputs.fake"},
		{"start", "[[inputs.service]]\n panic = \"Start\"\n", "failed: inputs.service"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.conf, Once)
			if err := w.host.Run(t.Context()); err == nil || err.Error() != tt.want {
				t.Errorf("Run = %v, want %s", err, tt.want)
			}
			if w.stderr.count("\nE! ")+w.stderr.count("E! [inputs.") == 0 {
				t.Errorf("the error is not in the log: %q", w.stderr)
			}
		})
	}
}

// TestSampleConfig runs what the host runs without a configuration.
func TestSampleConfig(t *testing.T) {
	sample, err := SampleConfig()
	if err != nil || !strings.HasPrefix(sample, header+"# A fake.\n[[inputs.fake]]\n  ## How many.\n  # rows = 1\n\n# A fake.\n") {
		t.Errorf("SampleConfig:\n%s", sample)
	}
	w := newWorld(t, "", Once)
	w.host.Configs = nil
	if err := w.host.Run(t.Context()); err != nil {
		t.Error(err)
	}
	if w.stdout.count("fake,row=0 n=2i ") != len(conf.InputNames()) {
		t.Errorf("metrics: %s", w.stdout)
	}
}

// TestSlowReader checks that a full pipe delays metrics and loses none.
func TestSlowReader(t *testing.T) {
	w := newWorld(t, "[[inputs.fake]]\n  rows = 30000\n", Once)
	var lines atomic.Int64
	r, writer := io.Pipe()
	w.host.Stdout = writer
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, err := r.Read(buf)
			if err != nil {
				return
			}
			lines.Add(int64(bytes.Count(buf[:n], []byte("\n"))))
			time.Sleep(100 * time.Microsecond)
		}
	}()
	if err := w.host.Run(t.Context()); err != nil {
		t.Error(err)
	}
	if err := writer.Close(); err != nil {
		t.Error(err)
	}
	<-done
	if n := lines.Load(); n != 30000 {
		t.Errorf("%d metrics arrived, want 30000", n)
	}
}

// TestOnceFilters has a filter on a field that is a gauge beside a counter, which it
// misses where the two are apart.
func TestOnceFilters(t *testing.T) {
	w := newWorld(t, "[[inputs.fake]]\n  both = true\n  metricpass = \"fields.n > 1\"\n", Once)
	if err := w.host.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if logged := w.stderr.String(); logged != "" || w.stdout.count("fake,row=0 count=2i,n=2i ") != 1 {
		t.Errorf("messages %q, metrics %q", logged, w.stdout)
	}
}

// TestTwoWriters runs two of one kind that a tag tells apart, of which there is nothing
// to say.
func TestTwoWriters(t *testing.T) {
	w := newWorld(t, twoServices("1", "2"), Once)
	if err := w.host.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if logged := w.stderr.String(); logged != "" || w.stdout.count("a=1") == 0 || w.stdout.count("a=2") == 0 {
		t.Errorf("messages %q, metrics %q", logged, w.stdout)
	}
}
