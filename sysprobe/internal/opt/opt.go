// Package opt has the optional value that decoders fill and package sysprobe
// shows. It is a package of its own so that an absent value can never be
// written to: only the functions and methods here make one.
package opt

import (
	"encoding/json"
	"fmt"
)

// Opt is a value that might be absent. The zero Opt is absent, and an absent
// Opt holds the zero T.
type Opt[T any] struct {
	value T
	known bool
}

// Some returns the known value v.
func Some[T any](v T) Opt[T] { return Opt[T]{value: v, known: true} }

// SomeIf returns v as a known value if known, and an absent one otherwise.
func SomeIf[T any](v T, known bool) Opt[T] {
	if !known {
		return Opt[T]{}
	}
	return Some(v)
}

// Get returns the value and whether it is known; the zero T if it is absent.
func (o Opt[T]) Get() (T, bool) { return o.value, o.known }

// Known reports whether there is a value.
func (o Opt[T]) Known() bool { return o.known }

// Or returns the value, or fallback if it is absent.
func (o Opt[T]) Or(fallback T) T {
	if !o.known {
		return fallback
	}
	return o.value
}

// Ref returns a pointer to the value inside o, or nil if it is absent: a large
// value can be read and changed in place, and one that is absent cannot.
func (o *Opt[T]) Ref() *T {
	if !o.known {
		return nil
	}
	return &o.value
}

// Fill makes o a known zero T and returns a pointer to it: a large value can be
// made in place, which [Some] would copy.
func (o *Opt[T]) Fill() *T {
	*o = Opt[T]{known: true}
	return &o.value
}

// String formats the value as fmt.Sprint does; "absent" if there is none.
func (o Opt[T]) String() string {
	if !o.known {
		return "absent"
	}
	return fmt.Sprint(o.value)
}

// MarshalJSON writes the value, or null if it is absent. It returns the error
// of marshalling T.
func (o Opt[T]) MarshalJSON() ([]byte, error) {
	if !o.known {
		return []byte("null"), nil
	}
	return json.Marshal(o.value)
}

// UnmarshalJSON reads what MarshalJSON writes. It returns the error of
// unmarshalling T; o is then absent.
func (o *Opt[T]) UnmarshalJSON(b []byte) error {
	*o = Opt[T]{}
	if string(b) == "null" {
		return nil
	}
	var v T
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*o = Some(v)
	return nil
}
