package nic

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/sysprobe"
)

// kernel stands in for the kernel: it opens sources and counts them.
type kernel struct {
	opened, closed int
	openErr        map[string]error // by path
	readErr        map[string]error
	reads          map[string]int    // by path
	during         map[string]func() // what happens while it is read
}

type fakeSource struct {
	kernel *kernel
	path   string
	number int
}

func (k *kernel) open(_ context.Context, o *Opening) (Source[string], error) {
	if err := k.openErr[o.NetNS]; err != nil {
		return nil, err
	}
	k.opened++
	return &fakeSource{k, o.NetNS, k.opened}, nil
}

func (f *fakeSource) Snapshot(_ context.Context, dst *string) error {
	*dst = fmt.Sprintf("source %d", f.number)
	if f.kernel.reads == nil {
		f.kernel.reads = map[string]int{}
	}
	f.kernel.reads[f.path]++
	if happens := f.kernel.during[f.path]; happens != nil {
		happens()
	}
	return f.kernel.readErr[f.path]
}

func (f *fakeSource) Close() error {
	f.kernel.closed++
	return nil
}

// gather returns what a gather emits by tag, what it adds and what it returns.
func gather(r *Reader[string]) (emitted map[string]string, added []error, returned error) {
	var acc testutil.Accumulator
	emitted = map[string]string{}
	returned = r.Gather(&acc, func(netns string, s *string) { emitted[netns] = *s })
	return emitted, acc.Errors, returned
}

// open returns an open reader of the own namespace and of files with names.
func open(t *testing.T, k *kernel, names ...string) (r *Reader[string], paths []string) {
	t.Helper()
	for _, name := range names {
		path := plugintest.TempDir(t) + "/" + name
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	r, err := newReader(&Options{NamespacePaths: paths}, system(nil), k.open)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Open(); err != nil {
		t.Fatal(err)
	}
	return r, paths
}

func wantEmitted(t *testing.T, got, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("emitted (-want +got):\n%s", diff)
	}
}

func TestReaderKeepsHandles(t *testing.T) {
	var k kernel
	r, _ := open(t, &k, "blue")
	for range 3 {
		emitted, added, err := gather(r)
		wantEmitted(t, emitted, map[string]string{"": "source 1", "blue": "source 2"})
		if err != nil || added != nil {
			t.Errorf("added %v, returned %v", added, err)
		}
	}
	if err := r.Close(); err != nil || k.opened != 2 || k.closed != 2 {
		t.Errorf("Close returned %v; %d handles opened, %d closed", err, k.opened, k.closed)
	}
	if err := r.Close(); err != nil || k.closed != 2 {
		t.Errorf("second Close returned %v and closed again", err)
	}
}

// waiting is a source whose snapshots wait for the end of their context.
type waiting struct{ asked chan struct{} }

func (w waiting) Snapshot(ctx context.Context, _ *string) error {
	w.asked <- struct{}{}
	<-ctx.Done()
	return ctx.Err()
}

func (waiting) Close() error { return nil }

func TestReaderCloseEndsGather(t *testing.T) {
	w := waiting{asked: make(chan struct{})}
	r, err := newReader(&Options{}, system(nil), func(context.Context, *Opening) (Source[string], error) { return w, nil })
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, _, err := gather(r)
		done <- err
	}()
	<-w.asked
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Gather returned %v, want context.Canceled", err)
	}
}

func TestReaderSaysOnceWhatFails(t *testing.T) {
	k := kernel{openErr: map[string]error{}, readErr: map[string]error{}}
	r, paths := open(t, &k, "blue")
	for i, step := range []struct {
		openErr, readErr error
		added            int
		emitted          map[string]string
	}{
		{sysprobe.ErrAccessDenied, nil, 1, map[string]string{"": "source 1"}},
		{sysprobe.ErrAccessDenied, nil, 0, map[string]string{"": "source 1"}},
		{nil, nil, 0, map[string]string{"": "source 1", "blue": "source 2"}},
		{nil, sysprobe.ErrMalformed, 1, map[string]string{"": "source 1"}},
		{nil, sysprobe.ErrMalformed, 0, map[string]string{"": "source 1"}},
		{nil, nil, 0, map[string]string{"": "source 1", "blue": "source 2"}},
	} {
		k.openErr[paths[0]], k.readErr[paths[0]] = step.openErr, step.readErr
		emitted, added, err := gather(r)
		wantEmitted(t, emitted, step.emitted)
		if err != nil || len(added) != step.added {
			t.Errorf("gather %d added %v, returned %v", i+1, added, err)
		}
		for _, err := range added {
			if !errors.Is(err, step.openErr) && !errors.Is(err, step.readErr) {
				t.Errorf("gather %d: %v hides its cause", i+1, err)
			}
			if !strings.Contains(err.Error(), paths[0]) || step.openErr != nil && !strings.Contains(err.Error(), "CAP_SYS_ADMIN") {
				t.Errorf("gather %d: %v lacks the path or the remedy", i+1, err)
			}
		}
	}
}

// TestNamespaceThatIsMadeAnew has one that is no network namespace at the moment of one
// gather, as ip-netns(8) leaves it before it mounts it, and then for good.
func TestNamespaceThatIsMadeAnew(t *testing.T) {
	path := filepath.Join(plugintest.TempDir(t), "blue")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	k := kernel{readErr: map[string]error{}}
	r, err := newReader(&Options{NamespaceInclude: []string{"", "b*"}}, system(func() ([]string, error) { return []string{path}, nil }), k.open)
	if err != nil {
		t.Fatal(err)
	}
	for i, step := range []struct {
		err   error
		added int
	}{{fs.ErrNotExist, 0}, {nil, 0}, {fs.ErrNotExist, 0}, {fs.ErrNotExist, 1}, {fs.ErrNotExist, 0}, {nil, 0}, {errReplaced, 0}} {
		k.readErr[path] = step.err
		_, added, err := gather(r)
		if err != nil || len(added) != step.added {
			t.Errorf("gather %d added %v, returned %v; want %d errors", i+1, added, err, step.added)
		}
	}
}

func TestReaderOpensAnewWhatClosedItself(t *testing.T) {
	k := kernel{readErr: map[string]error{"": fmt.Errorf("%w: the socket failed", fs.ErrClosed)}, openErr: map[string]error{}}
	r, _ := open(t, &k)
	if _, _, err := gather(r); !errors.Is(err, fs.ErrClosed) || k.opened != 2 || k.closed != 1 {
		t.Errorf("returned %v; %d handles opened, %d closed", err, k.opened, k.closed)
	}
	k.openErr[""] = sysprobe.ErrAccessDenied
	if _, _, err := gather(r); !errors.Is(err, sysprobe.ErrAccessDenied) || k.closed != 2 {
		t.Errorf("returned %v, %d handles closed", err, k.closed)
	}
	clear(k.openErr)
	clear(k.readErr)
	emitted, added, err := gather(r)
	wantEmitted(t, emitted, map[string]string{"": "source 3"})
	if err != nil || added != nil {
		t.Errorf("added %v, returned %v", added, err)
	}
}

func TestReaderOpensOthers(t *testing.T) {
	k := kernel{openErr: map[string]error{}}
	r, paths := open(t, &k, "blue", "red")
	k.openErr[paths[0]] = sysprobe.ErrAccessDenied
	r.look()
	if k.opened != 2 {
		t.Errorf("%d handles opened, want those of the own namespace and of red", k.opened)
	}
	_, added, err := gather(r)
	if err != nil || len(added) != 1 || !errors.Is(added[0], sysprobe.ErrAccessDenied) {
		t.Errorf("added %v, returned %v", added, err)
	}
}

func TestReaderReturnsTotalFailure(t *testing.T) {
	k := kernel{readErr: map[string]error{}}
	r, paths := open(t, &k, "blue")
	k.readErr[""], k.readErr[paths[0]] = sysprobe.ErrInterrupted, sysprobe.ErrAccessDenied
	for range 2 {
		emitted, added, err := gather(r)
		wantEmitted(t, emitted, map[string]string{})
		if added != nil || !errors.Is(err, sysprobe.ErrInterrupted) || !errors.Is(err, sysprobe.ErrAccessDenied) {
			t.Errorf("added %v, returned %v", added, err)
		}
	}
}

func TestReaderFollowsNames(t *testing.T) {
	var k kernel
	r, paths := open(t, &k, "blue")
	emitted, added, err := gather(r)
	wantEmitted(t, emitted, map[string]string{"": "source 1", "blue": "source 2"})
	if err != nil || added != nil {
		t.Errorf("at first: added %v, returned %v", added, err)
	}
	if err := os.Remove(paths[0]); err != nil {
		t.Fatal(err)
	}
	emitted, added, err = gather(r)
	wantEmitted(t, emitted, map[string]string{"": "source 1"})
	if err != nil || len(added) != 1 || !errors.Is(added[0], os.ErrNotExist) || k.closed != 1 {
		t.Errorf("of a removed namespace: added %v, returned %v, closed %d handles", added, err, k.closed)
	}
	if err := os.WriteFile(paths[0], nil, 0o600); err != nil {
		t.Fatal(err)
	}
	emitted, added, err = gather(r)
	wantEmitted(t, emitted, map[string]string{"": "source 1", "blue": "source 3"})
	if err != nil || added != nil {
		t.Errorf("of a namespace made anew: added %v, returned %v", added, err)
	}
	replace(t, paths[0])
	emitted, added, err = gather(r)
	wantEmitted(t, emitted, map[string]string{"": "source 1", "blue": "source 4"})
	if err != nil || added != nil {
		t.Errorf("of a namespace replaced: added %v, returned %v", added, err)
	}
}

// replace makes path another file.
func replace(t *testing.T, path string) {
	t.Helper()
	other := path + ".new"
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(other, path); err != nil {
		t.Fatal(err)
	}
}

func TestNamespaceTag(t *testing.T) {
	for path, want := range map[string]string{
		"":                      "",
		"/run/netns/blue":       "blue",
		"/run/netns/blue/":      "blue",
		"/proc/12/ns/net":       "/proc/12/ns/net",
		"/host/proc/1/ns//net/": "/host/proc/1/ns/net",
		"/run/netns/net":        "net",
	} {
		if got := filepath.ToSlash(NamespaceTag(path)); got != want {
			t.Errorf("NamespaceTag(%q) = %q, want %q", path, got, want)
		}
	}
}

// system permits to enter namespaces, so that tests run as any user, and takes any
// file for one. Named lists those with a name.
func system(named func() ([]string, error)) System {
	return System{
		Named:    named,
		List:     plugintest.ListItself,
		Identify: plugintest.IdentifyFiles(),
		MayEnter: func() error { return nil },
	}
}

// newReader returns a Reader whose log is that of the test.
func newReader(o *Options, system System, open Opener[string]) (*Reader[string], error) {
	return NewReader(o, &system, testutil.Logger{}, open)
}

// TestReaderFollowsNamedNamespaces lets namespaces come and go.
func TestReaderFollowsNamedNamespaces(t *testing.T) {
	dir := plugintest.TempDir(t)
	var there []string
	k := kernel{openErr: map[string]error{}}
	path := func(name string) string { return filepath.Join(dir, name) }
	listed := func(names ...string) {
		there = nil
		for _, name := range names {
			if err := os.WriteFile(path(name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			there = append(there, path(name))
		}
	}
	var listErr error
	options := Options{
		NamespaceInclude: []string{"", "b*"}, NamespaceExclude: []string{"black"}, NamespacePaths: nil,
	}
	r, err := newReader(&options, system(func() ([]string, error) { return there, listErr }), k.open)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Open(); err != nil {
		t.Fatal(err)
	}
	step := func(what string, want map[string]string, added int) {
		t.Helper()
		emitted, errs, err := gather(r)
		wantEmitted(t, emitted, want)
		if err != nil || len(errs) != added {
			t.Errorf("%s: added %v, returned %v", what, errs, err)
		}
	}
	step("none", map[string]string{"": "source 1"}, 0)
	listed("black", "blue", "red")
	step("blue comes", map[string]string{"": "source 1", "blue": "source 2"}, 0)
	listed("blue", "brown")
	step("brown comes", map[string]string{"": "source 1", "blue": "source 2", "brown": "source 3"}, 0)
	listErr = sysprobe.ErrAccessDenied
	step("not to be listed", map[string]string{"": "source 1", "blue": "source 2", "brown": "source 3"}, 1)
	step("still not", map[string]string{"": "source 1", "blue": "source 2", "brown": "source 3"}, 0)
	listErr = nil
	listed("brown")
	step("blue goes", map[string]string{"": "source 1", "brown": "source 3"}, 0)
	if k.closed != 1 || r.Reads("blue") || !r.Reads("brown") {
		t.Errorf("%d handles closed, want that of blue", k.closed)
	}
	if err := os.Remove(path("brown")); err != nil {
		t.Fatal(err)
	}
	step("brown goes after it was listed", map[string]string{"": "source 1"}, 0)
	if err := r.Close(); err != nil || k.opened != k.closed {
		t.Errorf("Close returned %v; %d handles opened, %d closed", err, k.opened, k.closed)
	}
}

// TestReaderLeavesTheOwnNamespaceOut asks for namespaces that are not there:
// nothing to read is no failure.
func TestReaderLeavesTheOwnNamespaceOut(t *testing.T) {
	var k kernel
	r, err := newReader(&Options{NamespaceInclude: []string{"blue"}}, system(func() ([]string, error) { return nil, nil }), k.open)
	if err != nil {
		t.Fatal(err)
	}
	emitted, added, err := gather(r)
	if len(emitted) != 0 || added != nil || err != nil || r.Open() != nil || k.opened != 0 {
		t.Errorf("emitted %v, added %v, returned %v; %d handles opened", emitted, added, err, k.opened)
	}
}

// TestOwnNamespaceNeedsNoPrivilege chooses the own namespace alone, in each way
// there is, and others.
func TestOwnNamespaceNeedsNoPrivilege(t *testing.T) {
	for _, tt := range []struct {
		name             string
		include, exclude []string
		denied           bool
	}{
		{"no globs", nil, nil, false},
		{"own", []string{""}, nil, false},
		{"own twice", []string{"", ""}, nil, false},
		{"own but another", []string{""}, []string{"blue"}, false},
		{"all", []string{"*"}, nil, true},
		{"own and another", []string{"", "blue"}, nil, true},
		{"all but another", nil, []string{"blue"}, true},
		{"all but own", nil, []string{""}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var k kernel
			unprivileged := System{
				MayEnter: func() error { return sysprobe.ErrAccessDenied },
				Named: func() ([]string, error) {
					t.Error("looked for other namespaces")
					return nil, nil
				},
				Identify: func(string) (sysprobe.NetNSID, error) {
					t.Error("looked for namespaces of several names")
					return sysprobe.NetNSID{}, nil
				},
			}
			r, err := newReader(&Options{NamespaceInclude: tt.include, NamespaceExclude: tt.exclude}, unprivileged, k.open)
			if tt.denied {
				if !errors.Is(err, sysprobe.ErrAccessDenied) {
					t.Errorf("NewReader returned %v, want ErrAccessDenied", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			r.Follow()
			emitted, added, err := gather(r)
			wantEmitted(t, emitted, map[string]string{"": "source 1"})
			if err = errors.Join(err, r.Close()); err != nil || added != nil {
				t.Errorf("added %v, returned %v", added, err)
			}
		})
	}
}
