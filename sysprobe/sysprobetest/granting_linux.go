package sysprobetest

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// GrantingCopy returns a copy of this program that everybody can start, whose file
// permits a set of capabilities, by their numbers as bits. It needs CAP_SETFCAP.
func GrantingCopy(tb testing.TB, permitted uint64) string {
	tb.Helper()
	b, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	for d := dir; d != os.TempDir(); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, b, 0o755); err != nil {
		tb.Fatal(err)
	}
	var attribute [20]byte // struct vfs_cap_data of linux/capability.h, revision 2
	binary.LittleEndian.PutUint32(attribute[0:], 2<<24)
	binary.LittleEndian.PutUint32(attribute[4:], uint32(permitted))
	binary.LittleEndian.PutUint32(attribute[12:], uint32(permitted>>32))
	if err := unix.Setxattr(program, "security.capability", attribute[:], 0); err != nil {
		tb.Fatal(err)
	}
	return program
}
