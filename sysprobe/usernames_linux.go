package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"telegraf-sysprobe/sysprobe/internal/decode/userdb"
	"telegraf-sysprobe/sysprobe/internal/sys/varlink"
)

// ask asks the services of systemd whose sockets are in the directory: the one that
// asks all others if it is there and can answer, and else all at once, of which the first
// that knows the user counts. Found is false, too, where there are none.
func (s userServices) ask(ctx context.Context, q userdb.Question) (u userdb.User, found bool, err error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return u, false, err
	}
	var names []string
	for _, entry := range entries {
		if entry.Name() == userdb.Multiplexer {
			if u, found, err := s.askOne(ctx, userdb.Multiplexer, q); err == nil {
				return u, found, nil
			}
		} else if len(names) < maxUserServices {
			names = append(names, entry.Name())
		}
	}
	return s.askAll(ctx, names, q)
}

// maxUserServices is how many are asked: systemd has six.
const maxUserServices = 32

func (s userServices) askOne(ctx context.Context, name string, q userdb.Question) (u userdb.User, found bool, err error) {
	reply, err := varlink.Call(ctx, filepath.Join(s.dir, name), q.Encode(name))
	if err != nil {
		return u, false, err
	}
	return q.Decode(reply)
}

// askAll returns the errors of the services that could not answer only if none knows
// the user.
func (s userServices) askAll(ctx context.Context, names []string, q userdb.Question) (userdb.User, bool, error) {
	type answer struct {
		user  userdb.User
		found bool
		err   error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // the others, once one knows
	answers := make(chan answer, len(names))
	for _, name := range names {
		go func() {
			u, found, err := s.askOne(ctx, name, q)
			answers <- answer{u, found, err}
		}()
	}
	var failed error
	for range names {
		a := <-answers
		if a.found {
			return a.user, true, nil
		}
		failed = errors.Join(failed, a.err)
	}
	return userdb.User{}, false, failed
}
