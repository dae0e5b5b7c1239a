package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"telegraf-sysprobe/sysprobe/internal/cache"
	"telegraf-sysprobe/sysprobe/internal/decode/passwd"
	"telegraf-sysprobe/sysprobe/internal/decode/userdb"
	"telegraf-sysprobe/sysprobe/internal/sys/regular"
)

// How long answers are believed before they are asked for again: the file is looked
// at once a snapshot and not for every process, and a service about each user.
const (
	userNamesMaxAge   = time.Second
	userAnswersMaxAge = time.Minute
)

// What services may take of the time of those who ask: one question, and in all that
// part of the time since the first of a series of questions.
const (
	userPatience = time.Second
	userPart     = 10
	userSeries   = userPart * userPatience
)

// maxUserAnswers bounds the memory of answers.
const maxUserAnswers = 1 << 14

// UserNames names user IDs: from the passwd(5) file below Config.EtcRoot, which it
// reads again only when it changed, and those that are not in it by asking the services
// of systemd's io.systemd.UserDatabase whose sockets are in systemd/userdb below
// Config.RunRoot, if any: systemd-userdbd, which asks the Name Service Switch too (LDAP,
// sssd), the service manager for DynamicUser=, systemd-homed, systemd-machined. A
// service has a second for an answer, which is kept for a minute; services that are
// slow are left alone once they have cost a second in ten. They are not asked where
// EtcRoot is set and RunRoot is not: the file is then of another machine.
//
// It is safe for concurrent use. It has nothing to do with psutil's users(), which are
// sessions.
type UserNames struct {
	path     string
	now      func() time.Time
	services userServices
	patience time.Duration // with services, for one question

	mu      sync.Mutex // guards what follows
	checked time.Time
	file    fs.FileInfo // of what names was read from; nil without
	names   map[uint32]string
	answers map[uint32]userAnswer // of services, about users that are not in the file
	spent   time.Duration         // by services since the series of questions began
	series  time.Time
}

// userServices are services that know users, by the directory of their sockets; none
// where that is empty.
type userServices struct{ dir string }

// userAnswer is what services said of a user. Without any that knows it, the name is
// the number.
type userAnswer struct {
	name  string
	known bool
	at    time.Time
}

// OpenUserNames returns the user names of the machine whose /etc is at c.EtcRoot, and
// whose /run at c.RunRoot. A nil c means defaults. It reads nothing before the first
// Name.
func OpenUserNames(c *Config) *UserNames {
	cfg := c.withDefaults()
	u := &UserNames{
		path: filepath.Join(cfg.EtcRoot, "passwd"), now: cfg.Now,
		patience: userPatience, answers: make(map[uint32]userAnswer),
	}
	if c == nil || c.EtcRoot == "" || c.RunRoot != "" {
		u.services.dir = filepath.Join(cfg.RunRoot, "systemd/userdb")
	}
	return u
}

// Name returns the name of uid, or its decimal number if neither the file nor a
// service has one, or if ctx ends before a service answers. It needs no privilege.
func (u *UserNames) Name(ctx context.Context, uid uint32) string {
	if name, ok := u.keptName(uid); ok {
		return name
	}
	return u.askName(ctx, uid)
}

// askName is Name of a user that services are to be asked about. It is apart from that
// since the question takes memory.
func (u *UserNames) askName(ctx context.Context, uid uint32) string {
	found, ok, err := u.ask(ctx, userdb.Question{UID: &uid})
	return u.settle(uid, userAnswer{name: found.Name, known: ok}, err, ctx.Err())
}

// Has reports whether the file has a user of that name, or else a service does. It is
// false where ctx ends before a service answers. It needs no privilege.
func (u *UserNames) Has(ctx context.Context, name string) bool {
	if u.fileHas(name) {
		return true
	}
	if name == "" {
		return false
	}
	_, found, _ := u.ask(ctx, userdb.Question{Name: name}) //nolint:errcheck // who cannot answer has none
	return found
}

func (u *UserNames) fileHas(name string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.look()
	for _, known := range u.names {
		if known == name {
			return true
		}
	}
	return false
}

// keptName returns the name of uid as the file has it, or as a service said within a
// minute.
func (u *UserNames) keptName(uid uint32) (string, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.look()
	if name, ok := u.names[uid]; ok {
		return name, true
	}
	answer, ok := u.answers[uid]
	return answer.name, ok && cache.IsFresh(answer.at, u.now(), userAnswersMaxAge)
}

// errServicesSlow says that services have had their part of the time.
var errServicesSlow = errors.New("services of users are slow")

// ask asks the services, and counts their time. It does so without mu, so that who
// asks for another user does not wait.
func (u *UserNames) ask(ctx context.Context, q userdb.Question) (userdb.User, bool, error) {
	if u.services.dir == "" {
		return userdb.User{}, false, nil
	}
	began, ok := u.beginAsking()
	if !ok {
		return userdb.User{}, false, errServicesSlow
	}
	ctx, cancel := context.WithTimeout(ctx, u.patience)
	defer cancel()
	found, known, err := u.services.ask(ctx, q)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.spent += u.now().Sub(began)
	return found, known, err
}

// beginAsking reports whether services have time left.
func (u *UserNames) beginAsking() (time.Time, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := u.now()
	if !cache.IsFresh(u.series, now, userSeries) {
		u.series, u.spent = now, 0
	}
	return now, u.spent < userPatience
}

// settle returns the name of uid by what services said: where they failed, what they
// said before. It keeps that, unless they were not given the time to answer.
func (u *UserNames) settle(uid uint32, answer userAnswer, failed, left error) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	before, ok := u.answers[uid]
	switch {
	case answer.known:
	case ok && (failed != nil || !before.known):
		answer = before
	default:
		answer.name = strconv.FormatUint(uint64(uid), 10)
	}
	if failed == nil || left == nil && !errors.Is(failed, errServicesSlow) {
		if len(u.answers) >= maxUserAnswers {
			clear(u.answers)
		}
		answer.at = u.now()
		u.answers[uid] = answer
	}
	return answer.name
}

// look looks at the file again if the last time is long ago. It is called with mu
// held.
func (u *UserNames) look() {
	if now := u.now(); u.names == nil || !cache.IsFresh(u.checked, now, userNamesMaxAge) {
		u.checked = now
		u.refresh()
	}
}

// refresh reads the file unless it is the one that was read last. Without a
// file there are no names, which is no error: an image might have none.
func (u *UserNames) refresh() {
	file, err := os.Stat(u.path)
	if err == nil && u.file != nil && os.SameFile(file, u.file) &&
		file.Size() == u.file.Size() && file.ModTime().Equal(u.file.ModTime()) {
		return
	}
	u.file, u.names = nil, make(map[uint32]string)
	b, err := regular.ReadFile(u.path)
	if err != nil {
		return
	}
	u.file, u.names = file, passwd.Decode(b)
}
