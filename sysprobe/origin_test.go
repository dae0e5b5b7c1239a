package sysprobe

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseOrigin(t *testing.T) {
	const (
		id  = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		pod = "/kubepods.slice/kubepods-pod1d2c3b4a_5f60_4718_92a3_b4c5d6e7f809.slice/crio-" + id + ".scope"
	)
	want := Origin{
		Cgroup: pod, Unit: "crio-" + id + ".scope", Slice: "kubepods-pod1d2c3b4a_5f60_4718_92a3_b4c5d6e7f809.slice",
		Container: id, Runtime: "cri-o", Pod: "1d2c3b4a-5f60-4718-92a3-b4c5d6e7f809",
	}
	for _, path := range []string{pod, pod + " (deleted)"} {
		if diff := cmp.Diff(want, ParseOrigin(path)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	if got := ParseOrigin("/.."); got != (Origin{Cgroup: "/.."}) {
		t.Errorf("the root above a namespace is %+v", got)
	}
}
