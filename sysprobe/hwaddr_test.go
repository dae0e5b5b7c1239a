package sysprobe

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestHardwareAddr(t *testing.T) {
	octets := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(i)
		}
		return b
	}
	longest := "00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10:11:12:13:14:15:16:17:18:19:1a:1b:1c:1d:1e:1f"
	for _, tt := range []struct {
		name   string
		octets []byte
		want   string
	}{
		{"none", nil, ""},
		{"A18 four octets", make([]byte, 4), "00:00:00:00:00:00"},
		{"A19 one octet", []byte{0xab}, "ab:00:00:00:00:00"},
		{"A23 three octets", []byte{0x06, 0x3d, 0x29}, "06:3d:29:00:00:00"},
		{"six octets", []byte{0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}, "aa:bb:cc:dd:ee:ff"},
		{"A21 InfiniBand", octets(20), longest[:59]},
		{"A22 MAX_ADDR_LEN", octets(32), longest},
		{"A22 beyond MAX_ADDR_LEN", octets(40), longest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := HardwareAddrFrom(tt.octets)
			if got := a.String(); got != tt.want {
				t.Errorf("String() = %q, want %q", got, tt.want)
			}
			if want := tt.octets[:min(len(tt.octets), 32)]; a.Len() != len(want) || !bytes.Equal(a.Bytes(), want) {
				t.Errorf("%d octets %x, want %x", a.Len(), a.Bytes(), want)
			}
			text, err := json.Marshal(a)
			if err != nil {
				t.Fatal(err)
			}
			var back HardwareAddr
			if err := json.Unmarshal(text, &back); err != nil || back != a {
				t.Errorf("%s came back as %q, %v", text, back, err)
			}
		})
	}
}

func TestHardwareAddrIsAValue(t *testing.T) {
	b := []byte{1, 2, 3, 4, 5, 6}
	a := HardwareAddrFrom(b)
	b[0] = 9
	a.Bytes()[1] = 9
	if a != HardwareAddrFrom([]byte{1, 2, 3, 4, 5, 6}) {
		t.Errorf("%v changed", a)
	}
}

func TestHardwareAddrFromBadText(t *testing.T) {
	for _, text := range []string{"0", "xx:00:00:00:00:00", "00:0", strings.Repeat("00:", 33)} {
		a := HardwareAddrFrom([]byte{1})
		if err := a.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), text) || a.Len() != 0 {
			t.Errorf("%q: %v, %v; want an error that names it", text, a, err)
		}
	}
}
