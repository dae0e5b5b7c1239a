//go:build !linux

package sysprobe

import (
	"context"

	"telegraf-sysprobe/sysprobe/internal/decode/userdb"
)

// ask knows nobody: only systemd has such services.
func (userServices) ask(context.Context, userdb.Question) (u userdb.User, found bool, err error) {
	return u, false, nil
}
