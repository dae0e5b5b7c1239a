package nic

import (
	"errors"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/sysprobe"
)

// TestReaderKeepsRowsInAStorm has tables that change faster than they can be read:
// the last rows stay for three gathers, unless the namespace is another one.
func TestReaderKeepsRowsInAStorm(t *testing.T) {
	k := kernel{readErr: map[string]error{}, openErr: map[string]error{}}
	r, paths := open(t, &k, "blue")
	step := func(want map[string]string, added ...error) {
		t.Helper()
		emitted, errs, err := gather(r)
		wantEmitted(t, emitted, want)
		if err != nil || !slices.EqualFunc(errs, added, errors.Is) {
			t.Errorf("added %v, returned %v; want %v", errs, err, added)
		}
	}
	own, both := map[string]string{"": "source 1"}, map[string]string{"": "source 1", "blue": "source 2"}
	k.readErr[paths[0]] = sysprobe.ErrInterrupted
	step(own, sysprobe.ErrInterrupted)
	if k.reads[paths[0]] != takeAttempts {
		t.Errorf("%d attempts to take the first snapshot, want %d", k.reads[paths[0]], takeAttempts)
	}
	for range 2 {
		clear(k.readErr)
		step(both)
		k.readErr[paths[0]] = sysprobe.ErrInterrupted
		for range keptSnapshots {
			step(both)
		}
		step(own, sysprobe.ErrInterrupted)
		step(own)
	}
	clear(k.readErr)
	step(both)
	k.readErr[paths[0]] = sysprobe.ErrInterrupted
	replace(t, paths[0])
	step(own, sysprobe.ErrInterrupted)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// TestReaderEmitsNothingOfAnotherNamespace replaces a namespace, and removes one,
// while they are read: the first is read again.
func TestReaderEmitsNothingOfAnotherNamespace(t *testing.T) {
	var k kernel
	r, paths := open(t, &k, "blue", "red")
	k.during = map[string]func(){
		paths[0]: sync.OnceFunc(func() { replace(t, paths[0]) }),
		paths[1]: func() {
			if err := os.Remove(paths[1]); err != nil {
				t.Error(err)
			}
		},
	}
	emitted, added, err := gather(r)
	wantEmitted(t, emitted, map[string]string{"": "source 1", "blue": "source 3"})
	if err != nil || len(added) != 1 || !errors.Is(added[0], os.ErrNotExist) || k.closed != 2 {
		t.Errorf("added %v, returned %v, %d handles closed", added, err, k.closed)
	}
}

func TestFirstGather(t *testing.T) {
	links := []sysprobe.Link{{Name: "lo", Kind: "loopback"}, {Name: "eth0", Kind: "ether", AltNames: []string{"enp3s0"}}}
	for _, tt := range []struct {
		name        string
		names, kind []string
		want        []string
	}{
		{"no lists", nil, nil, nil},
		{"all match", []string{"l*", "enp3s0"}, []string{"e*"}, nil},
		{"a glob that does not match", []string{"lo", "wlan*"}, nil, nil},
		{"a name that does not match", []string{"lo", "wlan0", "wlan1"}, nil, []string{`Option interface_include: no interface matches ["wlan0" "wlan1"] yet`}},
		{"nothing matches", []string{"wlan*"}, []string{"bond", "bridge"}, []string{
			"Option interface_include: no interface matches it yet", "Option kind_include: no interface matches it yet",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := (&Options{InterfaceInclude: tt.names, KindInclude: tt.kind}).FirstGather()
			if err != nil {
				t.Fatal(err)
			}
			log := &testutil.CaptureLogger{}
			for range 2 {
				for i := range links {
					f.See(&links[i])
				}
				f.End(log)
			}
			var got []string
			for _, entry := range log.Messages() {
				got = append(got, entry.Text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNamespacesThatMatchNothing logs once which options match no namespace.
func TestNamespacesThatMatchNothing(t *testing.T) {
	for _, tt := range []struct {
		include []string
		want    []string
	}{
		{[]string{"", "b*", "x*"}, nil},
		{[]string{"", "vpn"}, []string{`Option namespace_include: no namespace matches ["vpn"] yet`}},
		{[]string{"x*"}, []string{"Option namespace_include: no namespace matches it yet"}},
	} {
		dir := plugintest.TempDir(t)
		system := system(func() ([]string, error) { return []string{dir + "/blue"}, nil })
		system.List = func(string) ([]string, error) { return nil, nil }
		log := &testutil.CaptureLogger{}
		var k kernel
		r, err := NewReader(&Options{NamespaceInclude: tt.include, NamespacePaths: []string{dir + "/netns"}}, &system, log, k.open)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, added, err := gather(r); added != nil || err != nil {
				t.Errorf("added %v, returned %v", added, err)
			}
		}
		var got []string
		for _, entry := range log.Messages() {
			got = append(got, entry.Text)
		}
		want := append(tt.want, `Option namespace_paths: no namespace is at "`+dir+`/netns" yet; it is read when it is there`)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: log (-want +got):\n%s", tt.include, diff)
		}
	}
}

// TestReaderReleasesDuringAGather removes a namespace, and then another one that is
// being read, while a driver does not answer.
func TestReaderReleasesDuringAGather(t *testing.T) {
	dir := plugintest.TempDir(t)
	paths := []string{dir + "/blue", dir + "/red"}
	for _, path := range paths {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	there := paths
	var k kernel
	r, err := newReader(&Options{NamespaceExclude: []string{""}}, system(func() ([]string, error) { return there, nil }), k.open)
	if err != nil {
		t.Fatal(err)
	}
	emitted, _, _ := gather(r)
	wantEmitted(t, emitted, map[string]string{"blue": "source 1", "red": "source 2"})
	remove := func(path string) {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
	k.during = map[string]func(){paths[0]: func() {
		remove(paths[1])
		r.release()
		if k.closed != 1 {
			t.Errorf("%d handles closed, want that of red", k.closed)
		}
		remove(paths[0])
		there = nil
		r.look()
		if k.closed != 1 {
			t.Error("closed the handle that takes a snapshot")
		}
	}}
	emitted, added, err := gather(r)
	wantEmitted(t, emitted, map[string]string{})
	if added != nil || err != nil || k.closed != 2 {
		t.Errorf("added %v, returned %v, %d handles closed", added, err, k.closed)
	}
	if err := r.Close(); err != nil || k.opened != 2 {
		t.Errorf("Close returned %v; %d handles opened", err, k.opened)
	}
}
