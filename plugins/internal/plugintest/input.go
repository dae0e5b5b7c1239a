package plugintest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/influxdata/telegraf"
)

// Replay returns a source that answers from the inputs of dir: its n-th call
// decodes the n-th input into dst, which it empties first. An unknown key in
// an input fails the test. Where the n-th input ends in .err instead of .json,
// its text is the error of that call; where there is none, the call fails.
func Replay[T any](t *testing.T, dir string) func(dst *T) error {
	n := 0
	return func(dst *T) error {
		t.Helper()
		n++
		*dst = *new(T)
		name := filepath.Join(dir, inputName(n))
		if text, err := os.ReadFile(name + ".err"); err == nil {
			return errors.New(strings.TrimSpace(string(text)))
		}
		text, err := os.ReadFile(name + ".json")
		if err != nil {
			return err
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(dst); err != nil {
			t.Fatalf("%s.json: %v", name, err)
		}
		return nil
	}
}

// GatherAll returns the metrics of each gather of an input that answers from
// recorded inputs, until there are no more of those.
func GatherAll(tb testing.TB, input telegraf.Input) (gathers [][]telegraf.Metric) {
	tb.Helper()
	for {
		acc := Strict{T: tb}
		if err := input.Gather(&acc); errors.Is(err, fs.ErrNotExist) {
			return gathers
		}
		gathers = append(gathers, acc.GetTelegrafMetrics())
	}
}

// countInputs is the number of inputs that dir holds, in one row without gaps.
func countInputs(t *testing.T, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	stems := map[string]bool{}
	for _, entry := range entries {
		stem, _, _ := strings.Cut(entry.Name(), ".")
		stems[stem] = true
	}
	n := 0
	for stems[inputName(n+1)] {
		n++
	}
	return n
}

// inputName is the name, without suffix, of the n-th input, from 1.
func inputName(n int) string {
	if n == 1 {
		return "input"
	}
	return fmt.Sprintf("input-%d", n)
}
