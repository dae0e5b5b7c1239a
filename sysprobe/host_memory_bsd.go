//go:build freebsd || netbsd || openbsd

package sysprobe

// memory is absent on macOS, whose numbers come from a Mach call and not from
// sysctl(3).
func (hostClient) memory(Config) (HostMemory, error) { return runningHost().memory() }
