package route

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"telegraf-sysprobe/sysprobe/internal/decode/rib"
	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

// Reader reads the table of interfaces and addresses. It is not safe for
// concurrent use.
type Reader struct {
	tables    *sysctl.Reader
	decoder   rib.Decoder
	family    int32 // PF_ROUTE
	questions []question
	table     rib.Table
}

// question is a selector of sysctl(3) below PF_ROUTE. Long means that the answer
// has the longer messages of NET_RT_IFLISTL.
type question struct {
	selector int32
	long     bool
}

// questions are what each system is asked, the best answer first: net/route.h, and
// sys/socket.h for the family. A kernel that lacks a question returns EINVAL.
var questions = map[string][]question{
	"darwin":  {{selector: 6}, {selector: 3}},             // NET_RT_IFLIST2, NET_RT_IFLIST
	"freebsd": {{selector: 5, long: true}, {selector: 3}}, // NET_RT_IFLISTL, NET_RT_IFLIST
	"netbsd":  {{selector: 6}, {selector: 5}},             // NET_RT_IFLIST of NetBSD 8 and 7
	"openbsd": {{selector: 3}},                            // NET_RT_IFLIST
}

// families are PF_ROUTE.
var families = map[string]int32{"darwin": 17, "freebsd": 17, "netbsd": 34, "openbsd": 17}

// ctlNet is CTL_NET of sys/sysctl.h.
const ctlNet = 4

// NewReader returns a Reader of the tables of a system and architecture, both as
// Go spells them, that asks by call. It returns an error that wraps
// errors.ErrUnsupported if the messages of that system are not known.
func NewReader(call sysctl.Call, goos, goarch string) (*Reader, error) {
	layout, ok := rib.LayoutOf(goos, goarch)
	if !ok {
		return nil, fmt.Errorf("routing messages of %s/%s: %w", goos, goarch, errors.ErrUnsupported)
	}
	return &Reader{
		tables:    sysctl.NewReader(call),
		decoder:   rib.Decoder{Layout: layout, Order: binary.NativeEndian},
		family:    families[goos],
		questions: slices.Clone(questions[goos]),
	}, nil
}

// Read returns the table, valid until the next Read, without the interfaces that
// FreeBSD makes of USB buses to capture packets, which carry none. A question that
// the kernel does not know is not asked again.
//
// Read returns an error that wraps decode.ErrMalformed, together with the rest of
// the table, if a message makes no sense. It returns a nil table with an errno, or
// with an error of sysctl.Reader, if there is no answer.
func (r *Reader) Read() (*rib.Table, error) {
	b, err := r.ask()
	for errors.Is(err, syscall.EINVAL) && len(r.questions) > 1 {
		r.questions = r.questions[1:]
		b, err = r.ask()
	}
	if err != nil {
		return nil, err
	}
	r.decoder.Long = r.questions[0].long
	err = r.decoder.Dump(&r.table, b)
	r.removeUSB()
	return &r.table, err
}

// ask asks the first question.
func (r *Reader) ask() ([]byte, error) {
	const anyFamily, allInterfaces = 0, 0
	return r.tables.Read(ctlNet, r.family, 0, anyFamily, r.questions[0].selector, allInterfaces)
}

// removeUSB removes the interfaces of USB buses.
func (r *Reader) removeUSB() {
	r.table.Links = slices.DeleteFunc(r.table.Links, func(l rib.Link) bool {
		return strings.HasPrefix(string(l.Name), "usbus")
	})
}
