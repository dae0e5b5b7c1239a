package conf

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/plugins/inputs"
)

// fake is an input with an option of each type.
type fake struct {
	Rows  int      `toml:"rows"`
	Share float64  `toml:"share"`
	Quick bool     `toml:"quick"`
	Mode  string   `toml:"mode"`
	Names []string `toml:"names"`
	Inner []struct {
		Depth int `toml:"depth"`
	} `toml:"inner"`
}

func (*fake) SampleConfig() string              { return "" }
func (*fake) Gather(telegraf.Accumulator) error { return nil }

func (f *fake) Idle() map[string]string {
	if f.Quick {
		return map[string]string{"share": "it is quick"}
	}
	return nil
}

func TestMain(m *testing.M) {
	inputs.Add("fake", func() telegraf.Input { return &fake{Rows: 1} })
	os.Exit(m.Run())
}

// read reads a configuration whose inputs refuse a negative number of rows.
func read(text string) *File {
	return Read("x.conf", []byte(text), func(kind, alias string, input telegraf.Input) error {
		if f := input.(*fake); f.Rows < 0 || f.Mode == "bad" {
			return fmt.Errorf("%d rows of %s %q in mode %s", f.Rows, kind, alias, f.Mode)
		}
		if f := input.(*fake); f.Share < 0 {
			return fmt.Errorf("option share: %v is negative", f.Share)
		}
		return nil
	})
}

func texts(errs []error) []string {
	var all []string
	for _, err := range errs {
		all = append(all, err.Error())
	}
	return all
}

// TestEverythingIsSaid has one mistake of each kind, in the order of their lines.
func TestEverythingIsSaid(t *testing.T) {
	f := read(`[agent]
  interval = "1ns"
  logfile = "/x"
  flush_interval = "5s"
  hostname = "x"
[global_tags]
  dc = 3
[[inputs.fake]]
  rowz = 1
  share = "much"
  quick = "yes"
  mode = 7
  names = "a"
  interval = "10"
  log_level = "loud"
  precision = 1
  collection_jitter = "-1s"
  data_format = "json"
[[inputs.fake]]
  alias = "web"
  rows = -1
[[inputs.fake]]
  [[inputs.fake.inner]]
    dept = 1
  [[inputs.fake.inner]]
    depth = "x"
[[inputs.fak]]
[[outputs.file]]
[other]
`)
	want := []string{
		`line 2: [agent]: interval = "1ns" is shorter than any gather; use "1s" or more, and at least "1ms"; line 2 reads "interval = \"1ns\""`,
		`line 3: [agent]: logfile = "/x" has no effect here: messages go to stderr, where inputs.execd reads them; remove it; ` +
			`line 3 reads "logfile = \"/x\""`,
		`line 7: [global_tags]: dc must be a string in quotes, and is a whole number; line 7 reads "dc = 3"`,
		`line 9: inputs.fake[1]: unknown option "rowz": this is a typo, or an option of another version (did you mean "rows"?); ` +
			`line 9 reads "rowz = 1"`,
		`line 10: inputs.fake[1]: share must be a number, and is a string in quotes; line 10 reads "share = \"much\""`,
		`line 11: inputs.fake[1]: quick must be true or false, and is a string in quotes; line 11 reads "quick = \"yes\""`,
		`line 12: inputs.fake[1]: mode must be a string in quotes, and is a whole number; line 12 reads "mode = 7"`,
		`line 13: inputs.fake[1]: names must be a list in brackets, and is a string in quotes; line 13 reads "names = \"a\""`,
		`line 14: inputs.fake[1]: option interval: time: missing unit in duration "10"; line 14 reads "interval = \"10\""`,
		`line 15: inputs.fake[1]: log_level = "loud" must be one of "error", "warn", "info", "debug", "trace"; ` +
			`line 15 reads "log_level = \"loud\""`,
		`line 16: inputs.fake[1]: precision must be a string in quotes; line 16 reads "precision = 1"`,
		`line 17: inputs.fake[1]: option collection_jitter: -1s must not be negative; line 17 reads "collection_jitter = \"-1s\""`,
		`line 19: inputs.fake[2]/web: -1 rows of fake "web" in mode ; line 19 reads "[[inputs.fake]]"`,
		`line 24: inputs.fake[3]: unknown option "dept" in inner: this is a typo, or an option of another version ` +
			`(did you mean "depth"?); line 24 reads "dept = 1"`,
		`line 26: inputs.fake[3]: inner.depth must be a whole number, and is a string in quotes; line 26 reads "depth = \"x\""`,
		`line 27: there is no input "fak" here, only fake (did you mean "fake"?): what Telegraf has itself belongs to its own ` +
			`configuration; line 27 reads "[[inputs.fak]]"`,
		`line 28: outputs belong to Telegraf, which reads what this program prints: move [[outputs.*]] to its configuration; ` +
			`line 28 reads "[[outputs.file]]"`,
		`line 29: unknown table or option "other": there are [agent], [global_tags] and [[inputs.*]]; line 29 reads "[other]"`,
	}
	for i := range want {
		want[i] = "x.conf: " + want[i]
	}
	if diff := cmp.Diff(want, texts(f.Problems)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	remarks := []string{
		"x.conf: line 4: [agent]: flush_interval has no effect here: metrics are written as they come",
		"x.conf: line 5: [agent]: hostname has no effect here: the host tag is Telegraf's to add, unless omit_hostname = false",
		"x.conf: line 18: inputs.fake[1]: data_format has no effect here: the input parses no format",
	}
	if diff := cmp.Diff(remarks, f.Remarks); diff != "" {
		t.Errorf("remarks (-want +got):\n%s", diff)
	}
}

func TestEnvironment(t *testing.T) {
	for name, value := range map[string]string{
		"SYSPROBE_ROWS": "7", "SYSPROBE_SHARE": "0.5", "SYSPROBE_QUICK": "true", "SYSPROBE_MODE": "bad", "SYSPROBE_EMPTY": "", "SYSPROBE_SIGN": "+3",
	} {
		t.Setenv(name, value)
	}
	for _, tt := range []struct {
		name, conf string
		data       string // what Telegraf is to read
		want       string // in the only problem
		remark     string
	}{
		{name: "whole number", conf: `rows = "${SYSPROBE_ROWS}"`, data: `rows = 7`},
		{name: "without braces", conf: `rows = "$SYSPROBE_ROWS"`, data: `rows = 7`},
		{name: "sign", conf: `rows = '${SYSPROBE_SIGN}'`, data: `rows = 3`},
		{name: "number and more behind it", conf: "share = \"${SYSPROBE_SHARE}\" # ä\n rows = 2", data: "share = 0.5 # ä\n rows = 2"},
		{name: "boolean", conf: `quick = "${SYSPROBE_QUICK}"`, data: `quick = true`},
		{name: "default", conf: `rows = "${SYSPROBE_NONE:-9}"`, data: `rows = 9`},
		{name: "default of an empty one", conf: `rows = "${SYSPROBE_EMPTY:-9}"`, data: `rows = 9`},
		{name: "string", conf: `names = ["${SYSPROBE_ROWS}"]`, data: `names = ["${SYSPROBE_ROWS}"]`},
		{name: "what the input refuses", conf: `mode = "${SYSPROBE_MODE}"`, want: "in mode bad"},
		{name: "no number", conf: `rows = "${SYSPROBE_MODE}"`, want: `rows must be a whole number, and the environment variable SYSPROBE_MODE is "bad"`},
		{
			name: "not set", conf: `mode = "a ${SYSPROBE_NONE} b"`,
			want: "the environment variable SYSPROBE_NONE is not set; set it, or write ${SYSPROBE_NONE:-default}",
		},
		{name: "not set, in a list", conf: `names = ["x", "${SYSPROBE_NONE}"]`, want: "SYSPROBE_NONE is not set"},
		{name: "not set, where a number is to be", conf: `rows = "${SYSPROBE_NONE}"`, want: "SYSPROBE_NONE is not set"},
		{name: "not set, of a common option", conf: `interval = "${SYSPROBE_NONE}"`, want: "inputs.fake[1]: the environment variable SYSPROBE_NONE is not set"},
		{
			name: "required", conf: `rows = "${SYSPROBE_NONE:?say how many}"`,
			want: "line 2: inputs.fake[1]: the environment variable SYSPROBE_NONE has no value: say how many; set it",
		},
		{name: "required and empty", conf: `mode = "${SYSPROBE_EMPTY:?}"`, want: "the environment variable SYSPROBE_EMPTY has no value; set it"},
		{name: "required and set", conf: `names = ["${SYSPROBE_MODE:?}", "${SYSPROBE_EMPTY?}"]`, data: `names = ["bad", ""]`},
		{name: "default of a default", conf: `names = ["${SYSPROBE_NONE:-${SYSPROBE_NONE:-${SYSPROBE_ROWS}}} $$ \"ä"]`, data: `names = ["7 $$ \"ä"]`},
		{name: "number of a default", conf: `rows = "${SYSPROBE_NONE:-${SYSPROBE_ROWS}}"`, data: `rows = 7`},
		{name: "default without a value", conf: `rows = "${SYSPROBE_NONE:-${SYSPROBE_NEITHER}}"`, want: "SYSPROBE_NEITHER is not set"},
		{name: "plain default without a value", conf: `mode = "${SYSPROBE_NONE:-$SYSPROBE_NEITHER}"`, want: "SYSPROBE_NEITHER is not set"},
		{name: "default that is not used", conf: `mode = "a${SYSPROBE_ROWS:-${SYSPROBE_NONE}}"`, data: `mode = "a7"`},
		{name: "word of what is set", conf: `mode = "a${SYSPROBE_ROWS:+b}${SYSPROBE_NONE:+c}"`, data: `mode = "ab"`},
		{
			name: "behind a default", conf: `mode = "${SYSPROBE_NONE:-a}$SYSPROBE_NEITHER"`, data: `mode = "a$$SYSPROBE_NEITHER"`,
			remark: "$SYSPROBE_NEITHER stays",
		},
		{name: "not set, maybe text", conf: `mode = "$SYSPROBE_NONE"`, remark: "SYSPROBE_NONE is not set, so that $SYSPROBE_NONE stays"},
		{name: "no variable", conf: `mode = "$$SYSPROBE_NONE ^a$ ${1}"`, data: `mode = "$$SYSPROBE_NONE ^a$ ${1}"`},
		{name: "without quotes", conf: `rows = ${SYSPROBE_ROWS}`, want: `a variable of the environment is written in quotes`},
		{name: "secret", conf: `mode = "@{store:key}"`, want: "@{store:key} would be taken for text"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := read("[[inputs.fake]]\n" + tt.conf)
			if got := strings.TrimPrefix(string(f.Data), "[[inputs.fake]]\n"); tt.data != "" && got != tt.data {
				t.Errorf("Telegraf reads %q, want %q", got, tt.data)
			}
			if err := errors.Join(f.Problems...); (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("problems: %v, want %q", err, tt.want)
			}
			if len(f.Problems) > 1 {
				t.Errorf("more than one problem: %v", f.Problems)
			}
			if got := strings.Join(f.Remarks, "\n"); (got == "") != (tt.remark == "") || !strings.Contains(got, tt.remark) {
				t.Errorf("remarks: %q, want %q", got, tt.remark)
			}
		})
	}
}

func TestIdleOptions(t *testing.T) {
	f := read("[[inputs.fake]]\n quick = true\n share = 0.5\n[[inputs.fake]]\n share = 0.5\n[[inputs.fake]]\n quick = true\n")
	want := []string{"x.conf: line 3: inputs.fake[1]: share has no effect here: it is quick"}
	if diff := cmp.Diff(want, f.Remarks); diff != "" || len(f.Problems) > 0 {
		t.Errorf("%v, remarks (-want +got):\n%s", f.Problems, diff)
	}
}

func TestLineOfAnOption(t *testing.T) {
	f := read("[[inputs.fake]]\n  quick = true\n  share = -1.0\n")
	want := []string{`x.conf: line 3: inputs.fake[1]: option share: -1 is negative; line 3 reads "share = -1.0"`}
	if diff := cmp.Diff(want, texts(f.Problems)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestByteOrderMark(t *testing.T) {
	f := read("\uFEFF[[inputs.fake]]\n  rows = -1\n")
	if len(f.Problems) != 1 || !strings.Contains(f.Problems[0].Error(), `line 1 reads "[[inputs.fake]]"`) {
		t.Errorf("problems: %v", f.Problems)
	}
}

func TestDidYouMean(t *testing.T) {
	known := []string{"top_count", "top_by", "backend", "max_cmdline"}
	for word, want := range map[string]string{"topcount": "top_count", "bakend": "backend", "x": "", "zombies": ""} {
		got := didYouMean(word, known)
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
}
