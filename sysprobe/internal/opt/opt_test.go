package opt_test

import (
	"encoding/json"
	"testing"
	"time"

	"telegraf-sysprobe/sysprobe/internal/opt"
)

func TestOpt(t *testing.T) {
	for _, tt := range []struct {
		name  string
		o     opt.Opt[int]
		value int
		known bool
		or7   int
		text  string
		json  string
	}{
		{"absent", opt.Opt[int]{}, 0, false, 7, "absent", "null"},
		{"zero", opt.Some(0), 0, true, 0, "0", "0"},
		{"minus one", opt.Some(-1), -1, true, -1, "-1", "-1"},
		{"known", opt.SomeIf(5, true), 5, true, 5, "5", "5"},
		{"not known", opt.SomeIf(5, false), 0, false, 7, "absent", "null"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			value, known := tt.o.Get()
			if value != tt.value || known != tt.known || tt.o.Known() != tt.known || tt.o.Or(7) != tt.or7 {
				t.Errorf("Get %d, %v, Known %v, Or %d", value, known, tt.o.Known(), tt.o.Or(7))
			}
			if tt.o.String() != tt.text {
				t.Errorf("String %q, want %q", tt.o, tt.text)
			}
			text, err := json.Marshal(tt.o)
			if err != nil || string(text) != tt.json {
				t.Errorf("JSON %s, %v; want %s", text, err, tt.json)
			}
			back := opt.Some(99)
			if err := json.Unmarshal(text, &back); err != nil || back != tt.o {
				t.Errorf("%s came back as %v, %v", text, back, err)
			}
		})
	}
}

// TestAbsentHoldsNothing is of the fault that an absent fact was written to and
// Get then returned a value beside false.
func TestAbsentHoldsNothing(t *testing.T) {
	var o opt.Opt[[2]int]
	if o.Ref() != nil {
		t.Error("Ref of an absent value is a pointer")
	}
	o = opt.Some([2]int{1, 2})
	o.Ref()[0] = 7
	if v, known := o.Get(); v != [2]int{7, 2} || !known {
		t.Errorf("changed in place: %v, %v", v, known)
	}
	o.Fill()[1] = 3
	if v, known := o.Get(); v != [2]int{0, 3} || !known {
		t.Errorf("made in place: %v, %v; want nothing of what was there", v, known)
	}
	// The first number is decoded before the second one fails.
	if err := json.Unmarshal([]byte(`[3, "x"]`), &o); err == nil {
		t.Error("no error")
	}
	if v, known := o.Get(); v != [2]int{} || known {
		t.Errorf("after an error: %v, %v; want nothing", v, known)
	}
}

func TestOptInAStruct(t *testing.T) {
	type row struct {
		Age  opt.Opt[time.Duration]
		Zone opt.Opt[time.Month]
	}
	text, err := json.Marshal(row{Age: opt.Some(time.Second)})
	if err != nil || string(text) != `{"Age":1000000000,"Zone":null}` {
		t.Errorf("JSON %s, %v", text, err)
	}
}
