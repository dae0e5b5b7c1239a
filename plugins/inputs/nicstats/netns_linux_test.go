package nicstats

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"telegraf-sysprobe/plugins/internal/nic/nictest"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

func TestReleasesNamespaces(t *testing.T) {
	sysprobetest.NeedTool(t, "ip")
	sysprobetest.NeedNamespaces(t)
	n := newPlugin(t)
	nictest.CheckRelease(t, n, &n.Options, func(args string) error {
		out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("ip %s: %w\n%s", args, err, out)
		}
		return err
	})
}
