package sysfs_test

import (
	"os"
	"path/filepath"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/sys/sysfs"
)

func TestDriver(t *testing.T) {
	root := t.TempDir()
	for device, driver := range map[string]string{
		"pci/devices/0000:00:03.0": "../../../bus/pci/drivers/e1000e",
		"usb/devices/1-1:1.0":      "../../../bus/usb/drivers/cdc_ether",
		"odd/devices/a!b":          "../../../bus/odd/drivers/odd",
		"pci/devices/0000:00:04.0": "",
	} {
		dir := filepath.Join(root, "bus", device)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if driver != "" {
			if err := os.Symlink(driver, filepath.Join(dir, "driver")); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tt := range []struct{ bus, device, want string }{
		{"pci", "0000:00:03.0", "e1000e"},
		{"usb", "1-1:1.0", "cdc_ether"},
		{"odd", "a/b", "odd"},
		{"pci", "0000:00:04.0", ""},
		{"pci", "gone", ""},
		{"", "0000:00:03.0", ""},
	} {
		if got := sysfs.Driver(root, tt.bus, tt.device); got != tt.want {
			t.Errorf("the driver of %s on %q is %q, want %q", tt.device, tt.bus, got, tt.want)
		}
	}
}
