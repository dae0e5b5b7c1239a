package ethtool

import (
	"errors"
	"fmt"
	"math"
	"os/exec"
	"runtime"
	"testing"

	mdlayher "github.com/mdlayher/ethtool"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestUnknownSpeedOfTheLibrary asks the library about a bridge, whose speed the
// kernel does not know. Where it fails, the comment on the package is to be read
// again.
func TestUnknownSpeedOfTheLibrary(t *testing.T) {
	sysprobetest.NeedNamespaces(t)
	sysprobetest.NeedTool(t, "ip")
	var modes *mdlayher.LinkMode
	asked := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		asked <- func() (err error) {
			if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
				return err
			}
			if out, err := exec.Command("ip", "link", "add", "br0", "type", "bridge").CombinedOutput(); err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			client, err := mdlayher.New()
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, client.Close()) }()
			modes, err = client.LinkMode(mdlayher.Interface{Name: "br0"})
			return err
		}()
	}()
	if err := <-asked; err != nil {
		t.Fatal(err)
	}
	if uint32(modes.SpeedMegabits) != math.MaxUint32 {
		t.Errorf("the library returns %d for an unknown speed", modes.SpeedMegabits)
	}
}
