package route_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"syscall"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/sys/route"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// names of the questions.
const (
	iflist    = "4.17.0.0.3.0"
	iflistl   = "4.17.0.0.5.0"
	iflist2   = "4.17.0.0.6.0"
	netbsdOld = "4.34.0.0.5.0"
	netbsdNew = "4.34.0.0.6.0"
)

// TestRead reads the recorded answers of each system, those to older questions
// too.
func TestRead(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("needs a little-endian machine, as those of the recordings")
	}
	for _, tc := range []struct {
		goos, name, file string
		asked            []string // of the second snapshot
		links, addrs     int
	}{
		{"freebsd", iflistl, "freebsd13-iflistl", []string{iflistl}, 9, 11},
		{"freebsd", iflist, "freebsd13-iflist", []string{iflist}, 9, 11},
		{"openbsd", iflist, "openbsd65-iflist", []string{iflist}, 6, 7},
		{"netbsd", netbsdOld, "netbsd79934-iflist", []string{netbsdOld}, 8, 12},
		{"darwin", iflist2, "xnu11417-iflist2", []string{iflist2}, 5, 8},
		{"darwin", iflist, "xnu11417-iflist", []string{iflist}, 5, 8},
	} {
		t.Run(tc.file, func(t *testing.T) {
			kernel := &sysprobetest.Sysctl{Answers: map[string][]byte{
				tc.name: sysprobetest.Hex(t, "wire", "rib", tc.file+".hex"),
			}}
			r, err := route.NewReader(kernel.Call, tc.goos, "amd64")
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				table, err := r.Read()
				if err != nil || len(table.Links) != tc.links || len(table.Addrs) != tc.addrs {
					t.Fatalf("%d links, %d addresses, %v; want %d, %d", len(table.Links), len(table.Addrs), err, tc.links, tc.addrs)
				}
			}
			asked := kernel.Names()
			if last := asked[len(asked)-1:]; !slices.Equal(last, tc.asked) {
				t.Errorf("asked %v, want %v at last", asked, tc.asked)
			}
		})
	}
}

// TestI10ReadSkipsUSB is I10.
func TestI10ReadSkipsUSB(t *testing.T) {
	message := sysprobetest.Hex(t, "wire", "rib", "freebsd13-iflist-em0.hex")
	at := bytes.Index(message, []byte("em0"))
	usb := slices.Clone(message)
	copy(usb[at:], "usbus0")
	usb[at-3] = 6 // sdl_nlen
	kernel := &sysprobetest.Sysctl{Answers: map[string][]byte{iflist: slices.Concat(message, usb)}}
	r, err := route.NewReader(kernel.Call, "freebsd", "amd64")
	if err != nil {
		t.Fatal(err)
	}
	table, err := r.Read()
	if err != nil || len(table.Links) != 1 || string(table.Links[0].Name) != "em0" {
		t.Errorf("got %v, %v; want em0 alone", table, err)
	}
}

func TestReadFails(t *testing.T) {
	if _, err := route.NewReader(nil, "linux", "amd64"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("another system: %v", err)
	}
	for name, tc := range map[string]struct {
		kernel *sysprobetest.Sysctl
		want   error
	}{
		"no question is known": {&sysprobetest.Sysctl{}, syscall.EINVAL},
		"denied":               {&sysprobetest.Sysctl{Errors: map[string]error{iflist2: syscall.EPERM}}, syscall.EPERM},
		"cut":                  {&sysprobetest.Sysctl{Answers: map[string][]byte{iflist2: {9}}}, decode.ErrMalformed},
	} {
		r, err := route.NewReader(tc.kernel.Call, "darwin", "arm64")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Read(); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}
