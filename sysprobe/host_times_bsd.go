//go:build freebsd || netbsd || openbsd

package sysprobe

// cpuTimes are absent on macOS, whose numbers come from a Mach call and not from
// sysctl(3).
func (hostClient) cpuTimes(Config) (HostCPUTimes, error) { return runningHost().cpuTimes() }
