package nicstats

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"telegraf-sysprobe/plugins/internal/nic"
	"telegraf-sysprobe/plugins/internal/nic/nictest"
	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/sysprobe"
)

// fillAll sets every field below v to a value other than its zero: an Opt to one that
// is known, a number to 1, text to a name that needs an escape.
func fillAll(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Struct:
		if _, isAddr := reflect.TypeAssert[sysprobe.HardwareAddr](v); isAddr {
			v.Set(reflect.ValueOf(sysprobe.HardwareAddrFrom([]byte{2, 0, 0, 0, 0, 1})))
			return
		}
		if o, isOpt := reflect.TypeAssert[json.Unmarshaler](v.Addr()); isOpt {
			for _, text := range []string{`1`, `"1"`, `true`, `{}`, `"RS"`, `"magic"`} {
				if o.UnmarshalJSON([]byte(text)) == nil {
					return
				}
			}
			t.Fatalf("no value for a %s", v.Type())
		}
		for _, field := range v.Fields() {
			fillAll(t, field)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fillAll(t, v.Index(0))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString(`a\b`)
	case reflect.Int, reflect.Int32:
		v.SetInt(1)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	default:
		t.Fatalf("a %s", v.Type())
	}
}

// TestShape walks all options, which must not give one name to a tag and a field,
// and holds every field to what outputs can take.
func TestShape(t *testing.T) {
	words := slices.Sorted(maps.Keys(tagFacts))
	tagWith := []any{[]string(nil), words}
	for _, word := range words {
		tagWith = append(tagWith, []string{word})
	}
	values := map[string][]any{"collect": {[]string(nil), collectable}, "tag_with": tagWith}
	rows := []string{
		"interface_include", "interface_exclude", "kind_include", "kind_exclude",
		"namespace_include", "namespace_exclude", "namespace_paths", "ethtool_timeout", "report", "report_interval",
	}
	blue := filepath.Join(plugintest.TempDir(t), "blue")
	if err := os.WriteFile(blue, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	links := make([]sysprobe.LinkStats, 1)
	fillAll(t, reflect.ValueOf(&links[0]).Elem())
	fillAll(t, reflect.ValueOf(links[0].Counters.Ref()).Elem())
	var names plugintest.Names
	plugintest.Walk(t, func() *NICStats { return newPlugin(t) }, values, rows, func(n *NICStats) {
		n.system, n.NamespacePaths = nictest.System(), []string{blue}
		n.open = func(*sysprobe.Config, sysprobe.LinkFacts) (nic.Source[sysprobe.LinkSnapshot], error) {
			return fakeSource(func(dst *answer) error {
				dst.Links = links
				return nil
			}), nil
		}
		acc := plugintest.Strict{T: t}
		plugintest.Start(t, n, &acc)
		if err := n.Gather(&acc); err != nil {
			t.Fatal(err)
		}
		for _, m := range acc.Metrics {
			for _, word := range n.TagWith {
				if m.Tags[word+"_tag"] == "" {
					t.Errorf("a metric lacks the tag %s_tag", word)
				}
			}
		}
		names.Add(acc.GetTelegrafMetrics())
	})
	names.Check(t)
	names.CheckAlerts(t)
	names.CheckFields(t, "nicstats")
}
