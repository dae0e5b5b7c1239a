package sysprobe

import (
	"encoding/json"
	"testing"
)

func TestExitStatusText(t *testing.T) {
	for status, want := range map[ExitStatus]string{
		0: "exit 0", 3 << 8: "exit 3", 255 << 8: "exit 255", 9: "signal 9", 0x86: "signal 6 (core dumped)",
		0x80: "0x80", 0x309: "0x309", 1 << 16: "0x10000", 0xffffffff: "0xffffffff",
	} {
		var back ExitStatus
		text, err := json.Marshal(status)
		if err == nil {
			err = json.Unmarshal(text, &back)
		}
		if status.String() != want || string(text) != `"`+want+`"` || back != status || err != nil {
			t.Errorf("%#x is %q, %s, %#x, %v; want %q", uint32(status), status, text, uint32(back), err, want)
		}
	}
	for _, text := range []string{"", "exit", "exit 256", "exit -1", "exit 03", "exit 3 (core dumped)", "signal 0", "signal 128", "3", "0x300", "quit 3"} {
		status := ExitStatus(7)
		if err := status.UnmarshalText([]byte(text)); err == nil || status != 7 {
			t.Errorf("%q is %v, %v; want an error", text, status, err)
		}
	}
}
