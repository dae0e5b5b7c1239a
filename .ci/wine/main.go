// Wine writes the library bcryptprimitives.dll to the file that it is given. The
// runtime of Go needs it, and Wine 8 of Debian 12 has none. Its only function,
// ProcessPrng, is SystemFunction036 of advapi32.dll, which returns random bytes.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: wine FILE")
		os.Exit(2)
	}
	if err := os.WriteFile(os.Args[1], library(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "wine:", err)
		os.Exit(1)
	}
}

// Where the parts of the file are, and where its one section is in memory.
const (
	headerAt, optionalAt, sectionAt = 0x40, 0x58, 0x148
	dataAt, dataSize                = 0x200, 0x200
	dataInMemory                    = 0x1000
)

// library returns a PE32+ file with a section that has the export directory: the
// numbers that are not 0, by their places (winnt.h).
func library() []byte {
	b := make([]byte, dataAt+dataSize)
	le := binary.LittleEndian
	copy(b, "MZ")
	le.PutUint32(b[0x3c:], headerAt)
	copy(b[headerAt:], "PE\x00\x00")
	copy(b[sectionAt:], ".edata")
	for at, n := range map[int]uint16{
		headerAt + 4:  0x8664, // machine: amd64
		headerAt + 6:  1,      // sections
		headerAt + 20: sectionAt - optionalAt,
		headerAt + 22: 0x2022, // executable, large addresses, library
		optionalAt:    0x20b,  // PE32+
		// Versions of the system and of the subsystem, the subsystem, and that the
		// library can be at any address and has no code in its data.
		optionalAt + 40: 6, optionalAt + 48: 6, optionalAt + 68: 3, optionalAt + 70: 0x140,
	} {
		le.PutUint16(b[at:], n)
	}
	for at, n := range map[int]uint32{
		optionalAt + 8:   dataSize, // initialized data
		optionalAt + 32:  dataInMemory,
		optionalAt + 36:  dataSize,
		optionalAt + 56:  2 * dataInMemory, // image
		optionalAt + 60:  dataAt,           // headers
		optionalAt + 108: 16,               // directories, of which the first is that of exports
		optionalAt + 112: dataInMemory,
		optionalAt + 116: 0x100,
		sectionAt + 8:    dataSize,
		sectionAt + 12:   dataInMemory,
		sectionAt + 16:   dataSize,
		sectionAt + 20:   dataAt,
		sectionAt + 36:   0x40000040, // initialized data, to be read
		dataAt + 12:      dataInMemory + 0x40,
		dataAt + 16:      1, // number of the first function
		dataAt + 20:      1, // functions
		dataAt + 24:      1, // names
		dataAt + 28:      dataInMemory + 0x28,
		dataAt + 32:      dataInMemory + 0x2c,
		dataAt + 36:      dataInMemory + 0x30,
		dataAt + 0x28:    dataInMemory + 0x80, // within the directory: the name of another function
		dataAt + 0x2c:    dataInMemory + 0x60,
	} {
		le.PutUint32(b[at:], n)
	}
	for at, n := range map[int]uint64{
		optionalAt + 24: 0x180000000,                                                                           // address
		optionalAt + 72: 0x100000, optionalAt + 80: 0x1000, optionalAt + 88: 0x100000, optionalAt + 96: 0x1000, // stack and heap
	} {
		le.PutUint64(b[at:], n)
	}
	copy(b[dataAt+0x40:], "bcryptprimitives.dll\x00")
	copy(b[dataAt+0x60:], "ProcessPrng\x00")
	copy(b[dataAt+0x80:], "advapi32.SystemFunction036\x00")
	return b
}
