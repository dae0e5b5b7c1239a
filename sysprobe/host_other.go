//go:build !linux

package sysprobe

func readHost(Config) (Host, error) { return Host{}, opError("read host", "", ErrNotSupported) }

func readMemory(Config) (HostMemory, error) {
	return HostMemory{}, opError("read memory", "", ErrNotSupported)
}

func readCPUs(Config) (HostCPUs, error) {
	return HostCPUs{}, opError("read processors", "", ErrNotSupported)
}
