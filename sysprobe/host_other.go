//go:build !linux

package sysprobe

func readHost(Config) (Host, error) { return Host{}, opError("read host", "", ErrNotSupported) }
