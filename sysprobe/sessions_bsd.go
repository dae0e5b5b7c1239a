//go:build darwin || freebsd || netbsd || openbsd

package sysprobe

import (
	"errors"
	"io/fs"
	"path/filepath"
	"runtime"

	"telegraf-sysprobe/sysprobe/internal/sys/regular"
)

// sessionsClient reads a file in /var/run. Without the file nobody has logged in since
// boot.
type sessionsClient struct{}

func (sessionsClient) read(cfg Config) ([]Session, error) {
	name, sessions := sessionFile(runtime.GOOS, runtime.GOARCH)
	path := filepath.Join(cfg.RunRoot, name)
	b, err := regular.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return sessions(b), opError(opReadSessions, path, pathless(err))
}
