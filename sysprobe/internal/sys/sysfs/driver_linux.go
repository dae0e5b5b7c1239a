package sysfs

import (
	"os"
	"path/filepath"
	"strings"
)

// Driver returns the name of the driver of a device, by its bus and its name there,
// or "" where it has none or sysfs is not mounted at root. Unlike /sys/class/net,
// the tree of buses is the same in all network namespaces.
func Driver(root, bus, device string) string {
	// A kobject has '!' for each '/' in its name (kobject_set_name_vargs).
	device = strings.ReplaceAll(device, "/", "!")
	target, err := os.Readlink(filepath.Join(root, "bus", bus, "devices", device, "driver"))
	if err != nil {
		return ""
	}
	return filepath.Base(target)
}
