package ifmedia_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/sys/ifmedia"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// groups is a kernel that knows an interface, em0, with a description and groups. It
// fills a buffer as if_getgroup of net/if.c does.
type groups struct {
	names    []string
	requests []uint32
	pointer  decode.Field
	size     int // of the buffer, as the structure says it
	err      error
}

func (k *groups) call(request uint32, arg []byte, pointer decode.Field, list []byte) error {
	k.requests, k.pointer = append(k.requests, request), pointer
	if size := int(request >> 16 & 0x1fff); size != len(arg) || !strings.HasPrefix(string(arg), "em0\x00") {
		return syscall.ENXIO
	}
	k.size = int(binary.NativeEndian.Uint32(arg[16:]))
	if k.err != nil {
		return k.err
	}
	for _, name := range k.names {
		if len(list) < 16 {
			return syscall.EINVAL
		}
		copy(list[:15], name)
		list = list[16:]
	}
	return nil
}

// open returns the Reader that asks k.
func (k *groups) open(t *testing.T, goos, goarch string) *ifmedia.Reader {
	t.Helper()
	r, err := ifmedia.NewReader(k.call, goos, goarch)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestGroups asks for the groups of an interface, of which some are too many for the
// first buffer. The requests are those of sys/sockio.h of the systems.
func TestGroups(t *testing.T) {
	var many []string
	for i := range 17 {
		many = append(many, fmt.Sprint("group", i))
	}
	for _, tc := range []struct {
		goos, goarch string
		names        []string
		requests     []uint32
	}{
		{"freebsd", "amd64", []string{"all", "fifteen-letters"}, []uint32{0xc0286988}},
		{"freebsd", "386", []string{"all"}, []uint32{0xc0246988}},
		{"openbsd", "arm64", []string{"egress", "wlan"}, []uint32{0xc0286988}},
		{"openbsd", "arm", many, []uint32{0xc0246988, 0xc0246988}},
		{"freebsd", "arm64", nil, []uint32{0xc0286988}},
		{"netbsd", "amd64", nil, nil},
		{"darwin", "arm64", nil, nil},
	} {
		t.Run(tc.goos+"/"+tc.goarch, func(t *testing.T) {
			kernel := &groups{names: tc.names}
			r := kernel.open(t, tc.goos, tc.goarch)
			for range 2 {
				kernel.requests = nil
				var got []string
				for _, name := range r.Groups("em0") {
					got = append(got, string(name))
				}
				if !slices.Equal(got, tc.names) || !slices.Equal(kernel.requests, tc.requests) {
					t.Errorf("groups %q by %#x, want %q by %#x", got, kernel.requests, tc.names, tc.requests)
				}
			}
		})
	}
}

// TestGroupsFails gives no groups of an interface that is gone, or that has more than
// there is room for.
func TestGroupsFails(t *testing.T) {
	kernel := &groups{names: []string{"all"}}
	r := kernel.open(t, "openbsd", "amd64")
	for _, name := range []string{"em1", "a-name-of-more-than-15"} {
		if got := r.Groups(name); len(got) > 0 {
			t.Errorf("%s is in %q", name, got)
		}
	}
	kernel.err, kernel.requests = syscall.EINVAL, nil
	if got := r.Groups("em0"); len(got) > 0 || len(kernel.requests) != 4 {
		t.Errorf("groups %q after %d requests, want none after 4", got, len(kernel.requests))
	}
}

// structures are those with a pointer, in our own words.
const structures = `
struct ifgroupreq {
	char name[16];
	unsigned size;
	union {
		char group[16];
		void *groups;
	} at;
};
#if defined(__FreeBSD__)
struct buffer { __SIZE_TYPE__ size; void *at; };
#elif defined(__NetBSD__)
struct buffer { unsigned size; void *at; };
#else
struct buffer { void *at; };
#endif
struct ifreq {
	char name[16];
	union {
		char address[16];
#if defined(__NetBSD__)
		long long storage[16];
#endif
		struct buffer buffer;
	} of;
};
`

// TestStructuresAgainstClang holds the sizes of the structures, which the requests
// have, and where they point from, against those that clang gives them.
func TestStructuresAgainstClang(t *testing.T) {
	for target, triple := range sysprobetest.Targets() {
		goos, goarch, _ := strings.Cut(target, "/")
		kernel := &groups{names: []string{"all"}}
		r := kernel.open(t, goos, goarch)
		for structure, ask := range map[string]func(){
			"ifgroupreq, at":      func() { r.Groups("em0") },
			"ifreq, of.buffer.at": func() { r.Description("em0") },
		} {
			kernel.requests = nil
			if ask(); len(kernel.requests) == 0 || kernel.pointer.Size == 0 {
				continue // the system has none, or not behind a pointer
			}
			name, _, _ := strings.Cut(structure, ",")
			source := structures + fmt.Sprintf("_Static_assert(sizeof(struct %s) == %d, \"size\");\n", name, kernel.requests[0]>>16&0x1fff) +
				fmt.Sprintf("_Static_assert(__builtin_offsetof(struct %s) == %d, \"place\");\n", structure, kernel.pointer.At) +
				fmt.Sprintf("_Static_assert(sizeof(void *) == %d, \"pointer\");\n", kernel.pointer.Size)
			sysprobetest.CompileC(t, triple, source)
			if goos != "openbsd" || name != "ifreq" { // which has no size
				if want := map[string]int{"ifgroupreq": 256, "ifreq": 1024}[name]; kernel.size != want {
					t.Errorf("%s: %s says %d bytes, want %d", target, name, kernel.size, want)
				}
			}
		}
	}
}
