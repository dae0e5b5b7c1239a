package sysprobe

import (
	"encoding/json"
	"testing"
)

func TestExitStatusText(t *testing.T) {
	for status, want := range map[ExitStatus]string{
		0: "exit 0", 3 << 8: "exit 3", 255 << 8: "exit 255", 9: "signal 9", 0x86: "signal 6 (core dumped)",
		0x80: "0x80", 0x309: "0x309", 0xffffffff: "0xffffffff",
		256 << 8: "exit 256", 0xffff << 8: "exit 65535", // of Windows, too
		0x10000 << 8: "exit 0x10000", 0xc0000005 << 8: "exit 0xc0000005",
		1 << 40: "0x10000000000", 1<<64 - 1: "0xffffffffffffffff",
	} {
		var back ExitStatus
		text, err := json.Marshal(status)
		if err == nil {
			err = json.Unmarshal(text, &back)
		}
		if status.String() != want || string(text) != `"`+want+`"` || back != status || err != nil {
			t.Errorf("%#x is %q, %s, %#x, %v; want %q", uint64(status), status, text, uint64(back), err, want)
		}
	}
	for _, text := range []string{
		"", "exit", "exit 0x100", "exit 65536", "exit 0x100000000", "exit -1", "exit 03", "exit 3 (core dumped)", "signal 0", "signal 128", "3", "0x300",
		"quit 3",
	} {
		status := ExitStatus(7)
		if err := status.UnmarshalText([]byte(text)); err == nil || status != 7 {
			t.Errorf("%q is %v, %v; want an error", text, status, err)
		}
	}
}

func TestExitCode(t *testing.T) {
	for status, want := range map[ExitStatus]uint32{0: 0, 3 << 8: 3, 0xc0000005 << 8: 0xc0000005, 0xffffffff << 8: 0xffffffff, 9: 0} {
		if got := uint32(status.Code()); got != want {
			t.Errorf("code of %v is %d, want %d", status, got, want)
		}
	}
}
