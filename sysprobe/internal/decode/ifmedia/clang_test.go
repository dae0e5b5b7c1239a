package ifmedia

import (
	"fmt"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// ifmediareq is the structure in our own words: OpenBSD's words have 64 bits, and
// macOS packs it.
const ifmediareq = `
#if defined(__OpenBSD__)
typedef unsigned long long word;
#else
typedef int word;
#endif
#if defined(__APPLE__)
#pragma pack(4)
#endif
struct ifmediareq {
	char name[16];
	word current, mask, status, active;
	int count;
	word *list;
};
`

// TestLayoutsAgainstClang holds the place and the size of every field against
// those that clang gives the structure.
func TestLayoutsAgainstClang(t *testing.T) {
	for target, triple := range sysprobetest.Targets() {
		goos, goarch, _ := strings.Cut(target, "/")
		l, ok := LayoutOf(goos, goarch)
		if !ok {
			t.Errorf("no layout for %s", target)
		}
		source := ifmediareq + fmt.Sprintf("_Static_assert(sizeof(struct ifmediareq) == %d, \"size\");\n", l.Size)
		for member, f := range map[string]decode.Field{
			"name": l.Name, "current": l.Current, "status": l.Status, "active": l.Active, "count": l.Count, "list": l.List,
		} {
			source += fmt.Sprintf("_Static_assert(__builtin_offsetof(struct ifmediareq, %s) == %d, \"place\");\n", member, f.At)
			source += fmt.Sprintf("_Static_assert(sizeof(((struct ifmediareq *)0)->%s) == %d, \"size\");\n", member, f.Size)
		}
		sysprobetest.CompileC(t, triple, source)
	}
}
