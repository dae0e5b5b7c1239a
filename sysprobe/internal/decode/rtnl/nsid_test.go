package rtnl_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
	"telegraf-sysprobe/sysprobe/internal/decode/rtnl"
)

func TestNSID(t *testing.T) {
	for _, order := range orders {
		header := make([]byte, 4)
		if got, want := rtnl.AppendGetNSID(nil, order, 7), nlmsg.AppendUint32(header, order, 3, 7); !slices.Equal(got, want) {
			t.Errorf("%v: request % x, want % x", order, got, want)
		}
		for _, tt := range []struct {
			body []byte
			want int32
		}{
			{nlmsg.AppendUint32(slices.Clone(header), order, 1, 5), 5},
			{nlmsg.AppendUint32(slices.Clone(header), order, 1, 1<<32-1), -1},
			{nlmsg.AppendUint32(slices.Clone(header), order, 5, 3), -1}, // NETNSA_CURRENT_NSID
			{header, -1},
		} {
			if got, err := rtnl.DecodeNSID(tt.body, order); err != nil || got != tt.want {
				t.Errorf("%v: % x is %d, %v; want %d", order, tt.body, got, err, tt.want)
			}
		}
	}
	for _, body := range [][]byte{{0}, {0, 0, 0, 0, 8, 0, 1, 0, 5}, {0, 0, 0, 0, 6, 0, 1, 0, 5, 0}} {
		if _, err := rtnl.DecodeNSID(body, binary.LittleEndian); !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("% x: %v, want ErrMalformed", body, err)
		}
	}
}

// FuzzDecodeNSID decodes anything.
func FuzzDecodeNSID(f *testing.F) {
	f.Add(nlmsg.AppendUint32(make([]byte, 4), binary.LittleEndian, 1, 5))
	f.Fuzz(func(t *testing.T, body []byte) {
		if id, err := rtnl.DecodeNSID(body, binary.LittleEndian); err != nil && !errors.Is(err, decode.ErrMalformed) {
			t.Fatalf("%d, %v is not ErrMalformed", id, err)
		}
	})
}
