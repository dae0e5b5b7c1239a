package metric

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/metric"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/sysprobe"
)

func TestFields(t *testing.T) {
	at := time.Unix(1, 5)
	for _, tc := range []struct {
		name string
		set  func(*Fields)
		want map[string]any
	}{
		{"absent", func(f *Fields) {
			SetBool(f, "b", sysprobe.Opt[bool]{})
			Set(f, "f", sysprobe.Opt[float64]{})
			SetInt(f, "i", sysprobe.Opt[uint64]{})
			SetEnum(f, "e", sysprobe.Opt[sysprobe.Duplex]{})
			SetText(f, "t", "")
			SetName(f, "n", "")
			SetNames(f, "ns", nil)
			SetSeconds(f, "s", sysprobe.Opt[time.Duration]{})
			SetTime(f, "at", time.Time{})
		}, map[string]any{}},
		{"zero", func(f *Fields) {
			SetBool(f, "b", sysprobe.Some(false))
			Bool(f, "off", false)
			Set(f, "f", sysprobe.Some(0.0))
			SetInt(f, "i", sysprobe.Some(uint32(0)))
			SetEnum(f, "e", sysprobe.Some(sysprobe.DuplexUnknown))
			SetSeconds(f, "s", sysprobe.Some(time.Duration(0)))
			SetTime(f, "at", time.Unix(0, 0))
		}, map[string]any{
			"b": false, "b_code": int64(0), "off": false, "off_code": int64(0),
			"f": 0.0, "i": int64(0), "e": "unknown", "e_code": int64(0), "s": 0.0, "at": int64(0),
		}},
		{"values", func(f *Fields) {
			SetBool(f, "b", sysprobe.Some(true))
			Bool(f, "on", true)
			Set(f, "f", sysprobe.Some(0.5))
			SetInt(f, "i", sysprobe.Some(int32(-7)))
			SetInt(f, "big", sysprobe.Some(uint64(math.MaxUint64)))
			SetEnum(f, "e", sysprobe.Some(sysprobe.DuplexFull))
			SetText(f, "t", "a\xff%\\")
			SetName(f, "n", "a\xff%\\")
			SetNames(f, "ns", []string{"a,b", "", "c%"})
			SetSeconds(f, "s", sysprobe.Some(1500*time.Millisecond))
			SetTime(f, "at", at)
		}, map[string]any{
			"b": true, "b_code": int64(1), "on": true, "on_code": int64(1), "f": 0.5, "i": int64(-7), "big": int64(math.MaxInt64),
			"e": "full", "e_code": int64(2), "t": "a\uFFFD%\\", "n": "a%FF%25%5C", "ns": "a%2Cb,%00,c%25", "s": 1.5, "at": at.UnixNano(),
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var fields Fields
			tc.set(&fields)
			got := map[string]any{}
			for _, field := range fields.list {
				got[field.Key] = field.Value
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestInt(t *testing.T) {
	for n, want := range map[uint64]int64{0: 0, 1: 1, math.MaxInt64: math.MaxInt64, math.MaxInt64 + 1: math.MaxInt64, math.MaxUint64: math.MaxInt64} {
		if got := Int(n); got != want {
			t.Errorf("Int(%d) = %d, want %d", n, got, want)
		}
	}
	if got := Int(int64(math.MinInt64)); got != math.MinInt64 {
		t.Errorf("the least integer becomes %d", got)
	}
}

func TestSetTag(t *testing.T) {
	tags := map[string]string{}
	SetTag(tags, "none", "")
	SetTag(tags, "bytes", "a\xff")
	if diff := cmp.Diff(map[string]string{"bytes": "a%FF"}, tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

func TestAddTag(t *testing.T) {
	tags := map[string]string{}
	AddTag(tags, "none", "")
	AddTag(tags, "label", `a\`)
	var fields Fields
	fields.Put("master", "a%5C")
	fields.Put("vlan_id", int64(7))
	for _, field := range []string{"master", "vlan_id", "absent"} {
		AddFieldTag(tags, &fields, field)
	}
	if diff := cmp.Diff(map[string]string{"label_tag": "a%5C", "master_tag": "a%5C", "vlan_id_tag": "7"}, tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

// TestNamesJoin holds that a name is the same text in a tag and in a field.
func TestNamesJoin(t *testing.T) {
	for _, name := range []string{"eth0", "d0.100", "a b", "a%41", `c\`, "\xff\x01od\"d", "a,b=c", "\n", "\uFFFD", "ü"} {
		tags, fields := map[string]string{}, Fields{}
		SetTag(tags, "interface", name)
		SetName(&fields, "master", name)
		if tags["interface"] != fields.Get("master") {
			t.Errorf("%q is %q in a tag and %q in a field", name, tags["interface"], fields.Get("master"))
		}
	}
}

func TestSend(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	var acc testutil.Accumulator
	s := Series{Tags: map[string]string{"z": "1", "interface": "lo", "a": "2"}}
	s.Gauges.Put("mtu", int64(1))
	s.Counters.Put("bytes", int64(2))
	s.Send(&acc, "m", at)
	s.Clear()
	s.Gauges.Put("alone", true)
	s.Send(&acc, "m", at)
	s.SendEvent(&acc, "m", at)
	s.Clear()
	s.Tags["b"] = "3"
	s.Counters.Put("bytes", int64(4))
	s.Gauges.Put("mtu", int64(5))
	s.Send(merged{&acc}, "m", at)
	s.Gauges.Take(&s.Counters)
	s.Send(&acc, "m", at)
	s.Clear() // which what was sent before does not notice
	tags := map[string]string{"z": "1", "interface": "lo", "a": "2"}
	want := []telegraf.Metric{
		metric.New("m", tags, map[string]any{"mtu": int64(1)}, at, telegraf.Gauge),
		metric.New("m", tags, map[string]any{"bytes": int64(2)}, at, telegraf.Counter),
		metric.New("m", nil, map[string]any{"alone": true}, at, telegraf.Gauge),
		metric.New("m", nil, map[string]any{"alone": true}, at, telegraf.Untyped),
		metric.New("m", map[string]string{"b": "3"}, map[string]any{"bytes": int64(4), "mtu": int64(5)}, at, telegraf.Gauge),
		metric.New("m", map[string]string{"b": "3"}, map[string]any{"bytes": int64(4), "mtu": int64(5)}, at, telegraf.Gauge),
	}
	got := acc.GetTelegrafMetrics()
	testutil.RequireMetricsEqual(t, want, got)
	if tags := got[0].TagList(); tags[0].Key != "a" || tags[1].Key != "interface" || tags[2].Key != "z" {
		t.Errorf("tags are not in order: %v", got[0])
	}
}

// merged is an accumulator that takes a series as one metric.
type merged struct{ telegraf.Accumulator }

func (m merged) AddMerged(both telegraf.Metric) { m.AddMetric(both) }
