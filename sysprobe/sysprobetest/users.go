package sysprobetest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// UserQuestion is what a client asks a service of io.systemd.UserDatabase.
type UserQuestion struct {
	Method     string `json:"method"`
	Parameters struct {
		UID     *int64 `json:"uid"`
		Name    string `json:"userName"`
		Service string `json:"service"`
	} `json:"parameters"`
}

// UserService is a service of users that listens below a directory that stands for
// /run, until the test ends.
type UserService struct {
	asked atomic.Int64
	wg    sync.WaitGroup
}

// Asked is how many questions came.
func (s *UserService) Asked() int64 { return s.asked.Load() }

// NewRunRoot returns a directory for services, whose path is short enough for the
// sockets in it.
func NewRunRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "run") //nolint:usetesting // T.TempDir has the name of the test in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) }) //nolint:errcheck // of the test
	return dir
}

// ServeUsers serves users as the service of that name: reply returns what is sent for
// a question, a NUL of its own included. The connection is closed then.
func ServeUsers(t testing.TB, runRoot, name string, reply func(*UserQuestion) string) *UserService {
	t.Helper()
	dir := filepath.Join(runRoot, "systemd/userdb")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	s := new(UserService)
	s.wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.wg.Go(func() { s.serve(conn, reply) })
		}
	})
	t.Cleanup(func() {
		listener.Close() //nolint:errcheck // of the test
		s.wg.Wait()
	})
	return s
}

func (s *UserService) serve(conn net.Conn, reply func(*UserQuestion) string) {
	defer conn.Close() //nolint:errcheck // of the test
	request, err := bufio.NewReader(conn).ReadBytes(0)
	if err != nil {
		return
	}
	s.asked.Add(1)
	var q UserQuestion
	if err := json.Unmarshal(request[:len(request)-1], &q); err != nil {
		return
	}
	conn.Write([]byte(reply(&q))) //nolint:errcheck // a client may have left
}

// ReplyUsers returns replies of a service of that name that knows users, as systemd's
// User/Group Record Lookup API describes them.
func ReplyUsers(name string, users map[int64]string) func(*UserQuestion) string {
	const service = "io.systemd.UserDatabase."
	refuse := func(reason string) string {
		return fmt.Sprintf("{\"error\":%q,\"parameters\":{}}\x00", service+reason)
	}
	return func(q *UserQuestion) string {
		p := &q.Parameters
		switch {
		case q.Method != service+"GetUserRecord":
			return "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{}}\x00"
		case p.Service != name:
			return refuse("BadService")
		case p.UID == nil && p.Name == "":
			return refuse("EnumerationNotSupported")
		}
		for uid, user := range users {
			byUID, byName := p.UID != nil && *p.UID == uid, p.Name == user
			switch {
			case (byUID || p.UID == nil) && (byName || p.Name == ""):
				const record = `{"parameters":{"record":{"userName":%q,"uid":%d,"gid":%d,"disposition":"regular"},"incomplete":true}}`
				return fmt.Sprintf(record+"\x00", user, uid, uid)
			case byUID, byName:
				return refuse("ConflictingRecordFound")
			}
		}
		return refuse("NoRecordFound")
	}
}
