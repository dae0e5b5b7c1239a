package passwd

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecode(t *testing.T) {
	const text = "root:x:0:0:root:/root:/bin/bash\n" +
		"toor:x:0:0:second name of one user:/root:/bin/sh\n" +
		"# telegraf:x:7:7::/:/bin/false\n" +
		"+nis:x:8:8:::\n-@out\n" +
		"\n:x:9:9:no name:/:\n" +
		"cut:x\nword:x:ten:10::/:\nbig:x:4294967296:0::/:\nnegative:x:-1:0::/:\n" +
		"max:x:4294967295:0::/:\r\n" +
		"m\xfcller:x:11:11::/:/bin/sh\n" + "n\x00l:x:13:13::/:\n" +
		"short:x:12" // no newline at the end
	want := map[uint32]string{0: "root", 4294967295: "max", 11: "m\xfcller", 12: "short"}
	if diff := cmp.Diff(want, Decode([]byte(text))); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if got := Decode(nil); got == nil || len(got) != 0 {
		t.Errorf("an empty file gives %v, want an empty map", got)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("root:x:0:0:root:/root:/bin/bash\nx:y:1"))
	f.Add([]byte("#\n+\n:::\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for uid, name := range Decode(b) {
			if name == "" || strings.ContainsAny(name, ":\n") || !bytes.Contains(b, []byte(name)) {
				t.Errorf("user %d is %q", uid, name)
			}
		}
	})
}
