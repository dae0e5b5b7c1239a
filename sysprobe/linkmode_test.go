package sysprobe

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestLinkModes(t *testing.T) {
	for _, tt := range []struct {
		modes LinkModes
		want  string
	}{
		{nil, ""},
		{LinkModes{0}, ""},
		{LinkModes{1<<5 | 1<<6}, "1000baseT/Full,Autoneg"},
		{LinkModes{1, 1 << 17, 0, 1 << 30, 1 << 22}, "10baseT/Half,None,bit126,bit150"},
	} {
		text, err := json.Marshal(tt.modes)
		if err != nil || string(text) != `"`+tt.want+`"` {
			t.Errorf("%v = %s, %v; want %q", []uint32(tt.modes), text, err, tt.want)
		}
		back := LinkModes{7}
		if err := json.Unmarshal(text, &back); err != nil || back.String() != tt.want {
			t.Errorf("%s is %v, %v", text, back, err)
		}
	}
	before := LinkModes{1 << 3}
	for _, text := range []string{"nonsense", "10baseT/Full,", ",", "bit65536", "bit-1"} {
		after := slices.Clone(before)
		if err := after.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), "unknown link mode") || after.String() != before.String() {
			t.Errorf("from %q: %v, %v; want an error", text, after, err)
		}
	}
	if m := (LinkModes{1 << 2}); m.Has(3) || !m.Has(2) || m.Has(65535) {
		t.Error("Has says what String does not")
	}
}
