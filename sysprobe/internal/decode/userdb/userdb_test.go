package userdb_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/decode"
	"telegraf-sysprobe/sysprobe/internal/decode/userdb"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

func TestEncode(t *testing.T) {
	const call = `{"method":"io.systemd.UserDatabase.GetUserRecord","parameters":{`
	zero := uint32(0)
	for want, q := range map[string]userdb.Question{
		call + `"uid":0,"service":"io.systemd.Multiplexer"}}` + "\x00":              {UID: &zero},
		call + `"userName":"a \"b\"","service":"io.systemd.Multiplexer"}}` + "\x00": {Name: `a "b"`},
	} {
		if got := string(q.Encode(userdb.Multiplexer)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// answer is laid out as systemd's docs/USER_RECORD.md has it.
const answer = `{"parameters":{"record":{"userName":"grobie","realName":"Grobian","uid":60232,"gid":60232,` +
	`"disposition":"regular","status":{"15e1":{"service":"io.systemd.Home"}},"perMachine":[{"x":[1,null,true]}]},"incomplete":true}}`

func TestDecode(t *testing.T) {
	uid, other := uint32(60232), uint32(1)
	for _, tt := range []struct {
		name, answer string
		question     userdb.Question
		found        bool
		err          error
	}{
		{"by number", answer, userdb.Question{UID: &uid}, true, nil},
		{"by name", answer, userdb.Question{Name: "grobie"}, true, nil},
		{"of another number", answer, userdb.Question{UID: &other}, false, decode.ErrMalformed},
		{"of another name", answer, userdb.Question{Name: "root"}, false, decode.ErrMalformed},
		{"no such user", `{"error":"io.systemd.UserDatabase.NoRecordFound","parameters":{}}`, userdb.Question{UID: &uid}, false, nil},
		{"conflict", `{"error":"io.systemd.UserDatabase.ConflictingRecordFound"}`, userdb.Question{UID: &uid}, false, nil},
		{"no match", `{"error":"io.systemd.UserDatabase.NonMatchingRecordFound"}`, userdb.Question{UID: &uid}, false, nil},
		{"not available", `{"error":"io.systemd.UserDatabase.ServiceNotAvailable"}`, userdb.Question{UID: &uid}, false, userdb.ErrRefused},
		{"unknown error", `{"error":"org.varlink.service.MethodNotFound"}`, userdb.Question{UID: &uid}, false, userdb.ErrRefused},
		{"no record", `{"parameters":{}}`, userdb.Question{UID: &uid}, false, decode.ErrMalformed},
		{"no JSON", `grobie`, userdb.Question{UID: &uid}, false, decode.ErrMalformed},
		{"nothing", ``, userdb.Question{UID: &uid}, false, decode.ErrMalformed},
		{"two", answer + answer, userdb.Question{UID: &uid}, false, decode.ErrMalformed},
		{"cut", answer[:90], userdb.Question{UID: &uid}, false, decode.ErrMalformed},
		{"negative", strings.ReplaceAll(answer, "60232", "-1"), userdb.Question{Name: "grobie"}, false, decode.ErrMalformed},
		{"too large", strings.ReplaceAll(answer, "60232", "4294967296"), userdb.Question{Name: "grobie"}, false, decode.ErrMalformed},
		{"a name of two lines", strings.ReplaceAll(answer, "grobie", `gro\nbie`), userdb.Question{UID: &uid}, false, decode.ErrMalformed},
		{"a long name", strings.ReplaceAll(answer, "grobie", strings.Repeat("g", 257)), userdb.Question{UID: &uid}, false, decode.ErrMalformed},
		{"no name", strings.ReplaceAll(answer, "grobie", ""), userdb.Question{UID: &uid}, false, decode.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, found, err := tt.question.Decode([]byte(tt.answer))
			if found != tt.found || !errors.Is(err, tt.err) || err != nil && tt.err == nil {
				t.Fatalf("%+v, %v, %v, want %v, %v", got, found, err, tt.found, tt.err)
			}
			if want := (userdb.User{UID: 60232, Name: "grobie"}); found && got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
		})
	}
}

// TestDecodeRecorded decodes what systemd-userdbd answered.
func TestDecodeRecorded(t *testing.T) {
	for name, want := range map[string]userdb.User{"root": {Name: "root"}, "dropin": {UID: 64999, Name: "ldapuser"}, "none": {}} {
		b, err := os.ReadFile(sysprobetest.Path(t, "wire", "userdb", "systemd252-"+name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range []userdb.Question{{UID: &want.UID}, {Name: want.Name}} {
			if got, found, err := q.Decode(b); got != want || found != (want.Name != "") || err != nil {
				t.Errorf("%s: %+v, %v, %v, want %+v", name, got, found, err, want)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(answer))
	f.Add([]byte(`{"error":"io.systemd.UserDatabase.NoRecordFound"}`))
	f.Add([]byte(`{"parameters":{"record":{"uid":1e9,"userName":" "}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		u, found, err := userdb.Question{}.Decode(b)
		if !found {
			if u != (userdb.User{}) {
				t.Errorf("%+v, although nothing was found", u)
			}
			return
		}
		if err != nil || u.Name == "" || strings.ContainsAny(u.Name, ":\n\x00") || !json.Valid(b) {
			t.Errorf("%+v, %v", u, err)
		}
		q := userdb.Question{UID: &u.UID, Name: u.Name}
		if again, found, err := q.Decode(b); again != u || !found || err != nil {
			t.Errorf("%+v, %v, %v of the question for %+v", again, found, err, u)
		}
	})
}
