package filecap_test

import (
	"errors"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/filecap"
)

// attributes are as setcap(8) writes them, by what they permit.
var attributes = []struct {
	name, bytes string
	permitted   uint64
}{
	{"cap_sys_ptrace,cap_perfmon,cap_bpf=p", "\x00\x00\x00\x02\x00\x00\x08\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x00", 1<<19 | 1<<38 | 1<<39},
	{"cap_net_raw=ep", "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 1 << 13},
	{"cap_net_raw=i", "\x00\x00\x00\x02\x00\x00\x00\x00\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 0},
	{"revision 1", "\x00\x00\x00\x01\x00\x20\x00\x00\x00\x00\x00\x00", 1 << 13},
	{"of a namespace", "\x01\x00\x00\x03\x00\x20\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\xe8\x03\x00\x00", 1<<13 | 1<<32},
}

func TestPermitted(t *testing.T) {
	for _, tt := range attributes {
		if got, err := filecap.Permitted([]byte(tt.bytes)); got != tt.permitted || err != nil {
			t.Errorf("%s: %#x, %v; want %#x", tt.name, got, err, tt.permitted)
		}
		for end := range min(len(tt.bytes), 20) {
			if got, err := filecap.Permitted([]byte(tt.bytes[:end])); !errors.Is(err, decode.ErrMalformed) || got != 0 {
				t.Errorf("%s, %d bytes of it: %#x, %v; want ErrMalformed", tt.name, end, got, err)
			}
		}
	}
	for _, revision := range []string{"\x00", "\x04", "\xff"} {
		b := []byte("\x00\x00\x00" + revision + strings.Repeat("\x00", 20))
		if _, err := filecap.Permitted(b); !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("revision %q: %v, want ErrMalformed", revision, err)
		}
	}
}

func FuzzPermitted(f *testing.F) {
	for _, tt := range attributes {
		f.Add([]byte(tt.bytes))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := filecap.Permitted(b); err != nil && (got != 0 || !errors.Is(err, decode.ErrMalformed)) {
			t.Errorf("%#x, %v", got, err)
		}
	})
}
