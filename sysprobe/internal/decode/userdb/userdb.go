// Package userdb encodes questions to, and decodes answers of, the services that know
// users by systemd's User/Group Record Lookup API: calls of varlink, each a JSON object
// that a NUL ends.
package userdb

import (
	"encoding/json"
	"errors"
	"fmt"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

// Multiplexer is the service that asks all others.
const Multiplexer = "io.systemd.Multiplexer"

// ErrRefused is in the error of a service that cannot answer.
var ErrRefused = errors.New("service of users refuses to answer")

// Question asks for one user, by number or by name.
type Question struct {
	UID  *uint32 `json:"uid,omitempty"`
	Name string  `json:"userName,omitempty"`
}

// User is a user that a service knows.
type User struct {
	UID  uint32
	Name string
}

const (
	service  = "io.systemd.UserDatabase."
	maxBytes = 256 // of a name; LOGIN_NAME_MAX of Linux
)

// Encode returns the call that asks the service of that name, with its NUL.
func (q Question) Encode(name string) []byte {
	type parameters struct {
		Question

		Service string `json:"service"`
	}
	b, err := json.Marshal(struct {
		Method     string     `json:"method"`
		Parameters parameters `json:"parameters"`
	}{service + "GetUserRecord", parameters{q, name}})
	if err != nil {
		return nil // texts and numbers are always JSON
	}
	return append(b, 0)
}

// Decode decodes the answer to q, without its NUL. Found is false where the service
// knows no such user. The error wraps decode.ErrMalformed where b is no answer to q,
// and ErrRefused where the service cannot tell.
func (q Question) Decode(b []byte) (u User, found bool, err error) {
	var reply struct {
		Error      string `json:"error"`
		Parameters struct {
			Record struct {
				UID  *uint32 `json:"uid"`
				Name string  `json:"userName"`
			} `json:"record"`
		} `json:"parameters"`
	}
	if err := json.Unmarshal(b, &reply); err != nil {
		return User{}, false, fmt.Errorf("answer of a service of users: %w: %w", decode.ErrMalformed, err)
	}
	switch reply.Error {
	case "":
	case service + "NoRecordFound", service + "ConflictingRecordFound", service + "NonMatchingRecordFound":
		return User{}, false, nil
	default:
		return User{}, false, fmt.Errorf("%w: %.100q", ErrRefused, reply.Error)
	}
	record := &reply.Parameters.Record
	if record.UID == nil || !isName(record.Name) || q.UID != nil && *q.UID != *record.UID || q.Name != "" && q.Name != record.Name {
		return User{}, false, fmt.Errorf("a service of users answers with another record: %w", decode.ErrMalformed)
	}
	return User{*record.UID, record.Name}, true, nil
}

// isName reports that a user can have that name: one that passwd(5) could hold.
func isName(name string) bool {
	for _, r := range name {
		if r < ' ' || r == ':' || r == 0x7f {
			return false
		}
	}
	return name != "" && len(name) <= maxBytes
}
