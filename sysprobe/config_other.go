//go:build !linux

package sysprobe

// checkNetNS returns an error where c names a network namespace: this system has none.
func (c *Config) checkNetNS() error {
	if c.NetNS == "" {
		return nil
	}
	return opError("look for network namespace", c.NetNS, ErrNotSupported)
}
