// Package sysprobetest is for tests of programs that use sysprobe: it finds
// and loads fixtures, plays the kernel's part, and waits for the kernel. It does
// not import sysprobe.
package sysprobetest

import (
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode/nlmsg"
)

// Path returns the path of a file below testdata at the root of the module
// that the test runs in. It fails the test where there is none.
func Path(tb testing.TB, elem ...string) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			tb.Fatal("no go.mod above the working directory")
		}
		dir = parent
	}
	path := filepath.Join(append([]string{dir, "testdata"}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		tb.Fatal(err)
	}
	return path
}

// Hex loads a file of hexadecimal digits below testdata. White space between
// them, and text after a #, is ignored.
func Hex(tb testing.TB, elem ...string) []byte {
	tb.Helper()
	text, err := os.ReadFile(Path(tb, elem...))
	if err != nil {
		tb.Fatal(err)
	}
	var digits strings.Builder
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		tb.Fatalf("%s: %v", filepath.Join(elem...), err)
	}
	return b
}

// Messages loads the netlink messages, of a little-endian machine, in the file
// name.hex of a format below testdata/wire.
func Messages(tb testing.TB, format, name string) []nlmsg.Message {
	tb.Helper()
	var all []nlmsg.Message
	for b := Hex(tb, "wire", format, name+".hex"); len(b) > 0; {
		var m nlmsg.Message
		var err error
		if m, b, err = nlmsg.Next(b, binary.LittleEndian); err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		all = append(all, m)
	}
	return all
}

// HexDir loads every file whose name ends in .hex in a directory below
// testdata, by name without the ending.
func HexDir(tb testing.TB, elem ...string) map[string][]byte {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join(Path(tb, elem...), "*.hex"))
	if err != nil {
		tb.Fatal(err)
	}
	files := make(map[string][]byte)
	for _, name := range names {
		base := filepath.Base(name)
		files[strings.TrimSuffix(base, ".hex")] = Hex(tb, append(elem, base)...)
	}
	if len(files) == 0 {
		tb.Fatalf("no .hex files in %s", filepath.Join(elem...))
	}
	return files
}
