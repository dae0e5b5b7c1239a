//go:build darwin || freebsd || netbsd || openbsd

package sysprobe

import (
	"runtime"

	"telegraf-sysprobe/sysprobe/internal/sys/sysctl"
)

type nicAddrsClient = ribNICAddrsClient

func newNICAddrsClient(Config) (*nicAddrsClient, error) {
	return newRIBNICAddrsClient(sysctl.System, runtime.GOOS, runtime.GOARCH)
}
