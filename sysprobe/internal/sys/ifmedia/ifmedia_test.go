package ifmedia_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"

	decoder "telegraf-sysprobe/sysprobe/internal/decode/ifmedia"
	"telegraf-sysprobe/sysprobe/internal/opt"
	"telegraf-sysprobe/sysprobe/internal/sys/ifmedia"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// Requests, as the headers of the systems have them.
const (
	freebsdXMedia = 0xc030698b
	freebsdMedia  = 0xc0306938
	freebsdDescr  = 0xc020692a
	freebsdFlags  = 0xc0206911
	openbsdMedia  = 0xc0406938
	openbsdDescr  = 0xc0206981
	netbsdMedia   = 0xc0306938
	netbsdOld     = 0xc0306936
	netbsdFlags   = 0xc0906911
	netbsdDescr   = 0xc090698f
	darwinXMedia  = 0xc02c6948
	darwinMedia   = 0xc02c6938
	darwinDescr   = 0xc0946990
)

// on names a request.
func on(request uint32, name string) string { return sysprobetest.IoctlName(request, name) }

// reader returns a Reader of the answers of a kernel.
func reader(t *testing.T, kernel *sysprobetest.Ioctl, goos string) *ifmedia.Reader {
	t.Helper()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("needs a little-endian machine, as those of the recordings")
	}
	r, err := ifmedia.NewReader(kernel.Call, goos, "amd64")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// answer is a recorded structure.
func answer(t *testing.T, file string) []byte {
	t.Helper()
	return sysprobetest.Hex(t, "wire", "ifmedia", file)
}

func TestMedia(t *testing.T) {
	words := binary.LittleEndian.AppendUint32(nil, 0x20)      // autoselect
	words = binary.LittleEndian.AppendUint32(words, 0x100030) // 1000baseT full-duplex
	words = binary.LittleEndian.AppendUint32(words, 0x200026) // 100baseTX half-duplex
	words = binary.LittleEndian.AppendUint32(words, 0x100026)
	long := binary.LittleEndian.AppendUint64(nil, 0x1000000012f) // 25G-CR full-duplex
	for _, tc := range []struct {
		goos, name string
		kernel     *sysprobetest.Ioctl
		speed      uint32
		duplex     decoder.Duplex
		words      int
		fastest    uint32
	}{
		{"freebsd", "em0", &sysprobetest.Ioctl{
			Answers: map[string][]byte{on(freebsdXMedia, "em0"): answer(t, "freebsd13-em0-xmedia.hex")},
			Lists:   map[string][]byte{on(freebsdXMedia, "em0"): words},
		}, 1000, decoder.DuplexFull, 4, 1000},
		{"freebsd", "em2", &sysprobetest.Ioctl{ // before FreeBSD 12
			Answers: map[string][]byte{on(freebsdMedia, "em2"): answer(t, "freebsd13-em2-media.hex")},
			Errors:  map[string]error{on(freebsdXMedia, "em2"): syscall.EINVAL},
		}, 25000, decoder.DuplexFull, 2, 0},
		{"openbsd", "ix0", &sysprobetest.Ioctl{
			Answers: map[string][]byte{on(openbsdMedia, "ix0"): answer(t, "openbsd65-ix0.hex")},
			Lists:   map[string][]byte{on(openbsdMedia, "ix0"): long},
		}, 25000, decoder.DuplexFull, 1, 25000},
		{"netbsd", "tap0", &sysprobetest.Ioctl{ // its status is not valid
			Answers: map[string][]byte{on(netbsdOld, "tap0"): answer(t, "netbsd79934-tap0-1000t.hex")},
		}, 0, decoder.DuplexUnknown, 7, 0},
	} {
		t.Run(tc.goos+" "+tc.name, func(t *testing.T) {
			r := reader(t, tc.kernel, tc.goos)
			m, err := r.Media(tc.name)
			if err != nil {
				t.Fatal(err)
			}
			var fastest uint32
			for _, w := range m.Words {
				fastest = max(fastest, w.Speed.Or(0))
			}
			if m.Link.Speed.Or(0) != tc.speed || m.Link.Duplex != tc.duplex || len(m.Words) != tc.words || fastest != tc.fastest {
				t.Errorf("got %+v, want %d Mbit/s, duplex %d, %d media, %d at most", m, tc.speed, tc.duplex, tc.words, tc.fastest)
			}
		})
	}
}

// TestNewRequestFirst asks kernels that answer the old request too, with media that
// it has no numbers for: of FreeBSD a card of 400 Gbit/s, of NetBSD 9 one of 25.
func TestNewRequestFirst(t *testing.T) {
	netbsd := answer(t, "netbsd79934-tap0-1000t.hex")
	folded := slices.Clone(netbsd)
	binary.LittleEndian.PutUint32(netbsd[16:], 0x10202d) // ifm_current, 25G_CR
	binary.LittleEndian.PutUint32(folded[16:], 0x10003f) // IFM_OTHER
	for _, tc := range []struct {
		goos     string
		new, old uint32
		answers  [2][]byte
		want     uint32
	}{
		{"freebsd", freebsdXMedia, freebsdMedia, [2][]byte{answer(t, "freebsd13-em4-xmedia.hex"), answer(t, "freebsd13-em4-media.hex")}, 400000},
		{"netbsd", netbsdMedia, netbsdOld, [2][]byte{netbsd, folded}, 25000},
	} {
		r := reader(t, &sysprobetest.Ioctl{Answers: map[string][]byte{
			on(tc.new, "em4"): tc.answers[0], on(tc.old, "em4"): tc.answers[1],
		}}, tc.goos)
		if m, err := r.Media("em4"); err != nil || m.Current.Speed != opt.Some(tc.want) {
			t.Errorf("%s: %+v, %v; want %d Mbit/s", tc.goos, m.Current, err, tc.want)
		}
	}
}

// TestI11I13MediaFails is I11 and I13: an interface without a medium, and one that is
// gone, which the number of the error does not say.
func TestI11I13MediaFails(t *testing.T) {
	kernel := &sysprobetest.Ioctl{
		Answers: map[string][]byte{on(freebsdFlags, "odd0"): make([]byte, 32)},
		Errors: map[string]error{
			on(freebsdXMedia, "lo0"): syscall.EINVAL, on(freebsdMedia, "lo0"): syscall.EINVAL,
			on(freebsdXMedia, "tty0"): syscall.ENOTTY, on(freebsdMedia, "tty0"): syscall.ENOTTY,
			on(freebsdXMedia, "em0"): syscall.EINVAL, on(freebsdMedia, "em0"): syscall.EIO,
		},
	}
	r := reader(t, kernel, "freebsd")
	for name, want := range map[string]error{
		"lo0": errors.ErrUnsupported, "tty0": errors.ErrUnsupported, "odd0": errors.ErrUnsupported,
		"gone0": syscall.ENXIO, "em0": syscall.EIO, strings.Repeat("x", 16): syscall.ENXIO,
	} {
		if _, err := r.Media(name); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	if _, err := ifmedia.NewReader(kernel.Call, "linux", "amd64"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("another system: %v", err)
	}
}

// TestRequests checks every number that a system is asked with.
func TestRequests(t *testing.T) {
	for goos, want := range map[string][]uint32{
		"darwin":  {darwinXMedia, darwinMedia},
		"freebsd": {freebsdXMedia, freebsdMedia, freebsdFlags, freebsdDescr},
		"netbsd":  {netbsdMedia, netbsdOld, netbsdFlags},
		"openbsd": {openbsdMedia, openbsdDescr},
	} {
		kernel := &sysprobetest.Ioctl{}
		r := reader(t, kernel, goos)
		if _, err := r.Media("em0"); !errors.Is(err, syscall.ENXIO) {
			t.Errorf("%s: %v, want ENXIO", goos, err)
		}
		r.Description("em0")
		asked := strings.Join(kernel.Names(), ", ")
		for _, request := range want {
			if !strings.Contains(asked, on(request, "em0")) {
				t.Errorf("%s was asked %s, want %#x too", goos, asked, request)
			}
		}
	}
}

func TestDescription(t *testing.T) {
	for goos, request := range map[string]uint32{"freebsd": freebsdDescr, "openbsd": openbsdDescr, "netbsd": netbsdDescr} {
		kernel := &sysprobetest.Ioctl{
			Answers: map[string][]byte{on(request, "em0"): make([]byte, 32)},
			Lists:   map[string][]byte{on(request, "em0"): []byte("uplink\x00junk")},
		}
		r := reader(t, kernel, goos)
		if got := string(r.Description("em0")); got != "uplink" {
			t.Errorf("%s: %q, want uplink", goos, got)
		}
		if got := r.Description("em1"); len(got) > 0 {
			t.Errorf("%s: %q of an interface without a description", goos, got)
		}
	}
}

// TestDescriptionOfDarwin reads descriptions with a length that is theirs, 0, and too
// large for the structure.
func TestDescriptionOfDarwin(t *testing.T) {
	whole := strings.Repeat("d", 128)
	kernel := &sysprobetest.Ioctl{Answers: map[string][]byte{}}
	for name, length := range map[string]uint32{"en0": 6, "en1": 0, "en2": 1 << 31} {
		answer := append(binary.LittleEndian.AppendUint32(append([]byte(name), make([]byte, 13)...), length), whole...)
		kernel.Answers[on(darwinDescr, name)] = answer
	}
	r := reader(t, kernel, "darwin")
	for name, want := range map[string]string{"en0": "dddddd", "en1": "", "en2": whole, "en3": ""} {
		if got := string(r.Description(name)); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
