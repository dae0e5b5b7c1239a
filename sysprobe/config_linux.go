package sysprobe

import "telegraf-sysprobe/sysprobe/internal/sys/netns"

// checkNetNS returns an error where c names no network namespace.
func (c *Config) checkNetNS() error {
	if c.NetNS == "" {
		return nil
	}
	path := netns.Path(c.NetNS)
	_, err := netns.Identify(path)
	return opError("look for network namespace", path, err)
}
