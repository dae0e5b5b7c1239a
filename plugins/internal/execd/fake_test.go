package execd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/models"
	"github.com/influxdata/telegraf/plugins/inputs"

	"telegraf-sysprobe/plugins/internal/metric"
	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/plugins/internal/writers"
)

// fake does in Gather what its options say.
type fake struct {
	Rows     int             `toml:"rows"`
	Odd      bool            `toml:"odd"`
	Both     bool            `toml:"both"` // a counter beside each gauge
	Fail     string          `toml:"fail"`
	Panic    string          `toml:"panic"`
	Messages []string        `toml:"messages"`
	Log      telegraf.Logger `toml:"-"`

	gathers int
	none    []int
}

func (*fake) SampleConfig() string {
	return "\n# A fake.\n[[inputs.fake]]\n  ## How many.\n  # rows = 1\n\n"
}

func (f *fake) Init() error {
	if f.Rows < 0 {
		return fmt.Errorf("rows = %d must not be negative", f.Rows)
	}
	if f.Panic == "Init" {
		panic("in Init")
	}
	return nil
}

func (f *fake) Gather(acc telegraf.Accumulator) error {
	f.gathers++
	for _, text := range f.Messages {
		f.Log.Error(text)
		f.Log.Warn(text)
		f.Log.Info(text)
		f.Log.Debug(text)
	}
	if f.Panic == "Gather" {
		f.Rows = f.none[f.Rows]
	}
	for i := range f.Rows {
		row := metric.Series{Tags: map[string]string{"row": fmt.Sprint(i)}}
		row.Gauges.Put("n", int64(f.gathers))
		if f.Both {
			row.Counters.Put("count", int64(f.gathers))
		}
		row.Send(acc, "fake", time.Now())
	}
	if f.Odd {
		acc.AddCounter("odd", map[string]any{"u": uint64(math.MaxUint64), "nan": math.NaN(), "inf": math.Inf(1)}, nil)
		acc.AddCounter("nothing", map[string]any{"nan": math.NaN()}, nil)
	}
	if f.Fail != "" {
		return errors.New(f.Fail)
	}
	return nil
}

// service is a fake with a life between Start and Stop.
type service struct {
	fake

	writer writers.Writer
}

// calls are those of all instances of service, which the loader makes.
var calls struct {
	sync.Mutex
	names []string
}

func called(name string) {
	calls.Lock()
	defer calls.Unlock()
	calls.names = append(calls.names, name)
}

func (*service) SoleWriter() []string { return []string{"row"} }

func (s *service) Start(acc telegraf.Accumulator) error {
	called("Start")
	if s.Panic == "Start" {
		panic(errors.New("in Start"))
	}
	s.writer.Begin("service", acc, s.Log)
	acc.AddFields("event", map[string]any{"n": 1}, nil)
	return nil
}

func (s *service) Gather(acc telegraf.Accumulator) error {
	called("Gather")
	return s.fake.Gather(acc)
}

func (s *service) Stop() {
	called("Stop")
	s.writer.End()
	if s.Panic == "Stop" {
		panic("in Stop")
	}
}

func TestMain(m *testing.M) {
	inputs.Add("fake", func() telegraf.Input { return &fake{Rows: 1} })
	var services writers.Writers
	inputs.Add("service", func() telegraf.Input { return &service{fake: fake{Rows: 1}, writer: services.New()} })
	os.Exit(m.Run())
}

// pipe records writes and can fail.
type pipe struct {
	mu     sync.Mutex
	buf    bytes.Buffer
	writes int
	err    error
}

func (p *pipe) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writes++
	if p.err != nil {
		return 0, p.err
	}
	return p.buf.Write(b)
}

func (p *pipe) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.buf.String()
}

func (p *pipe) count(text string) int { return strings.Count(p.String(), text) }

// world is a host with what it is connected to.
type world struct {
	host           *Host
	stdin          *io.PipeWriter
	stdout, stderr *pipe
}

func newWorld(t *testing.T, conf string, mode Mode) *world {
	t.Helper()
	models.GlobalGatherErrors.Set(0) // of the process: what other tests left
	file := filepath.Join(plugintest.TempDir(t), "sysprobe.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	w := &world{stdout: &pipe{}, stderr: &pipe{}}
	var stdin *io.PipeReader
	stdin, w.stdin = io.Pipe()
	w.host = &Host{Configs: []string{file}, Mode: mode, Stdin: stdin, Stdout: w.stdout, Stderr: w.stderr}
	return w
}

// start serves until the test closes stdin; the channel then has the result.
func (w *world) start(t *testing.T) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- w.host.Run(t.Context()) }()
	return done
}

// hangUp ends stdin, as a Telegraf that stops does.
func (w *world) hangUp(t *testing.T) {
	t.Helper()
	if err := w.stdin.Close(); err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited 10 s for %s", what)
		}
	}
}

func ended(t *testing.T, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("the host does not end")
		return nil
	}
}
