package main

import (
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/gen/load"
)

const top = "../../.."

// TestGeneratedFilesAreUpToDate fails where a system gains or loses a method,
// and where an enum changes, until make generate has run.
func TestGeneratedFilesAreUpToDate(t *testing.T) {
	files, err := generate(top)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		have, err := os.ReadFile(filepath.Join(top, name))
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(string(have), string(want)); diff != "" {
			t.Errorf("%s needs make generate (-file +generated):\n%s", name, diff)
		}
	}
}

// bitSets are types of numbers that are chosen and never shown.
var bitSets = []string{"Fields", "LinkFacts", "ProcessFacts"}

// TestEveryEnumHasText fails where the values of a type have constants and no
// text: no table of names that a generator finds, and no methods of their own.
func TestEveryEnumHasText(t *testing.T) {
	p, err := load.Load(top, "sysprobe", "linux")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range p.Scope().Names() {
		c, ok := p.Scope().Lookup(name).(*types.Const)
		if !ok || !c.Exported() {
			continue
		}
		typ, isNamed := c.Type().(*types.Named)
		if !isNamed || typ.Underlying().(*types.Basic).Info()&types.IsUnsigned == 0 || slices.Contains(bitSets, typ.Obj().Name()) {
			continue
		}
		if text, _, _ := types.LookupFieldOrMethod(typ, true, p.Package, "MarshalText"); text == nil {
			t.Errorf("%s of %s has no text", name, typ.Obj().Name())
		}
	}
}

func TestReceivers(t *testing.T) {
	for name, want := range map[string]string{
		"State": "s", "OperState": "s", "BridgeSTP": "s", "MIIStatus": "s", "VLANProtocol": "p", "IOPrioClass": "c", "IOHint": "h", "NICEventKind": "k",
	} {
		if got := (enum{Type: name}).Receiver(); got != want {
			t.Errorf("receiver of %s = %s, want %s", name, got, want)
		}
	}
}

// TestMatrix reads a package whose clients lack something on some systems.
func TestMatrix(t *testing.T) {
	m, err := readMatrix(filepath.Join("testdata", "repository"))
	if err != nil {
		t.Fatal(err)
	}
	all := load.Systems()
	linux, some := []string{"linux"}, []string{"linux", "windows"}
	want := matrix{
		"Procs": some, "Procs.Snapshot": some, "Procs.Lookup": linux, "Procs.Both": linux, "ReadHost": all, "Zombies": some,
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, want := m.cell("Procs", "windows"), "all but `Both`, `Lookup`"; got != want {
		t.Errorf("cell = %q, want %q", got, want)
	}
	if got := m.cell("Procs", "darwin"); got != "no" {
		t.Errorf("cell = %q, want no", got)
	}
}

// TestReasons wants one reason for each no, and none for a yes.
func TestReasons(t *testing.T) {
	m := matrix{"Procs": {"linux", "windows"}, "Procs.Lookup": {"linux"}, "Zombies": load.Systems(), "Zombies.All": load.Systems()}
	whole := []reason{{"Procs", "", "not written"}, {"Procs.Lookup", "windows", "no such call"}}
	table, err := m.why(whole)
	for _, row := range []string{"| `Procs` | darwin, freebsd, netbsd, openbsd | not written |", "| `Procs.Lookup` | windows | no such call |"} {
		if err != nil || !strings.Contains(table, row) {
			t.Errorf("%v, no row %q in\n%s", err, row, table)
		}
	}
	for said, all := range map[string][]reason{
		"no reason for the lack of Procs.Lookup on windows": whole[:1],
		"a reason too many for Procs on freebsd":            append(slices.Clip(whole), reason{"Procs", "freebsd", "twice"}),
		"a reason too many for Zombies on linux":            append(slices.Clip(whole), reason{"Zombies", "linux", "of a yes"}),
		"a reason too many for Gone on linux":               append(slices.Clip(whole), reason{"Gone", "linux", "of nothing"}),
	} {
		if _, err := m.why(all); err == nil || !strings.Contains(err.Error(), said) {
			t.Errorf("%v, want %q", err, said)
		}
	}
}
