// Package procargs decodes command lines and environments of processes as
// sysctl(3) of FreeBSD, NetBSD, OpenBSD and macOS returns them.
//
// Strings are parts of what was decoded, not copies. An argument may be empty
// and need not be UTF-8. A process can overwrite its arguments, and so write
// anything there.
package procargs

import (
	"bytes"
	"encoding/binary"
	"slices"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// AppendStrings appends the strings of b to dst, each of which ends with a NUL,
// but the last one need not: KERN_PROC_ARGS and KERN_PROC_ENV of FreeBSD, and
// KERN_PROC_ARGV and KERN_PROC_ENV below KERN_PROC_ARGS of NetBSD. Processes of
// the kernel and zombies have none.
func AppendStrings(dst [][]byte, b []byte) [][]byte {
	for len(b) > 0 {
		s, rest, _ := bytes.Cut(b, nul())
		dst, b = append(dst, slices.Clip(s)), rest
	}
	return dst
}

// nul ends a string.
func nul() []byte { return []byte{0} }

// AppendVector appends the strings of b to dst: KERN_PROC_ARGV and KERN_PROC_ENV
// below KERN_PROC_ARGS of OpenBSD, which return an array of pointers that ends
// with a null pointer, followed by the strings. The pointers are those of the
// buffer that the caller gave the kernel, and the first one is that of the byte
// behind the array. They have pointerSize bytes, 4 or 8.
//
// AppendVector returns an error that wraps decode.ErrMalformed where the array
// does not end or a pointer is beyond b; the strings before are appended.
func AppendVector(dst [][]byte, b []byte, order binary.ByteOrder, pointerSize int) ([][]byte, error) {
	if pointerSize != 4 && pointerSize != 8 {
		return dst, &decode.Error{Format: "argument vector", Reason: "pointers have 4 or 8 bytes"}
	}
	r := decode.NewRecord(b, order)
	pointer := func(i int) decode.Field { return decode.Field{At: i * pointerSize, Size: pointerSize} }
	n := 0
	for r.Uint(pointer(n)) != 0 {
		n++
	}
	if !r.Has(pointer(n)) {
		return dst, &decode.Error{Format: "argument vector", Offset: len(b), Reason: "it does not end"}
	}
	begin := (n + 1) * pointerSize
	for i := range n {
		at := r.Uint(pointer(i)) - r.Uint(pointer(0))
		if at >= uint64(len(b)-begin) {
			return dst, &decode.Error{Format: "argument vector", Offset: i * pointerSize, Reason: "a string is beyond the end"}
		}
		s, _, _ := bytes.Cut(b[begin+int(at):], nul())
		dst = append(dst, slices.Clip(s))
	}
	return dst, nil
}

// Args is what KERN_PROCARGS2 of macOS returns.
type Args struct {
	// Path is what was executed, as execve(2) was given it.
	Path []byte
	// Args are the arguments.
	Args [][]byte
	// Env is the environment; empty where the caller must not see it.
	Env [][]byte
}

// pathAlign is what macOS pads the path to, with its NUL: the size of a pointer of
// the process. It has had none of 32 bits since macOS 10.15.
const pathAlign = 8

// Decode decodes the answer of macOS to KERN_PROCARGS2: a number of arguments,
// the path, NULs that align what follows, the arguments, and the environment,
// which ends with an empty string. More NULs than align are arguments at the start
// that are empty: who took those for padding would have as many strings of the
// environment among the arguments.
//
// Decode returns an error that wraps decode.ErrMalformed where there are fewer
// arguments than the number says; those that there are are returned with it.
func Decode(b []byte, order binary.ByteOrder) (Args, error) {
	c := decode.NewCursor(b, order, "KERN_PROCARGS2")
	argc := int32(c.Uint32())
	if c.Err() != nil {
		return Args{}, c.Err()
	}
	path, rest, _ := bytes.Cut(c.Bytes(c.Len()), nul())
	a := Args{Path: slices.Clip(path)}
	rest = skipPadding(rest, len(path)+1)
	for len(rest) > 0 && int64(len(a.Args)) < int64(argc) {
		var s []byte
		s, rest, _ = bytes.Cut(rest, nul())
		a.Args = append(a.Args, slices.Clip(s))
	}
	if int64(len(a.Args)) != int64(argc) {
		c.Fail("the number of arguments is not that of the strings")
		return a, c.Err()
	}
	for len(rest) > 0 && rest[0] != 0 {
		var s []byte
		s, rest, _ = bytes.Cut(rest, nul())
		a.Env = append(a.Env, slices.Clip(s))
	}
	return a, nil
}

// skipPadding returns b without the NULs that align it, which follow size bytes.
func skipPadding(b []byte, size int) []byte {
	for n := size; n%pathAlign != 0 && len(b) > 0 && b[0] == 0; n++ {
		b = b[1:]
	}
	return b
}
