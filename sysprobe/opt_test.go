package sysprobe

import (
	"encoding/json"
	"testing"
	"time"
)

func TestOpt(t *testing.T) {
	for _, tt := range []struct {
		name  string
		o     Opt[int]
		value int
		known bool
		or7   int
		json  string
	}{
		{"absent", Opt[int]{}, 0, false, 7, "null"},
		{"zero", Some(0), 0, true, 0, "0"},
		{"minus one", Some(-1), -1, true, -1, "-1"},
		{"known", someIf(5, true), 5, true, 5, "5"},
		{"not known", someIf(5, false), 0, false, 7, "null"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			value, known := tt.o.Get()
			if value != tt.value || known != tt.known || tt.o.Known() != tt.known || tt.o.Or(7) != tt.or7 {
				t.Errorf("Get %d, %v, Known %v, Or %d", value, known, tt.o.Known(), tt.o.Or(7))
			}
			text, err := json.Marshal(tt.o)
			if err != nil || string(text) != tt.json {
				t.Errorf("JSON %s, %v; want %s", text, err, tt.json)
			}
			back := Some(99)
			if err := json.Unmarshal(text, &back); err != nil || back != tt.o {
				t.Errorf("%s came back as %v, %v", text, back, err)
			}
		})
	}
}

func TestOptInAStruct(t *testing.T) {
	type row struct {
		Age  Opt[time.Duration]
		Port Opt[Port]
	}
	text, err := json.Marshal(row{Port: Some(PortFibre)})
	if err != nil || string(text) != `{"Age":null,"Port":"fibre"}` {
		t.Errorf("JSON %s, %v", text, err)
	}
	bad := row{Port: Some(PortDA)}
	if err := json.Unmarshal([]byte(`{"Port":"no such"}`), &bad); err == nil || bad.Port.Known() {
		t.Errorf("port %v, %v; want an error and nothing", bad.Port, err)
	}
}
