package sysprobe

import "encoding/json"

// Opt is a fact that may be absent: not given by this kernel or driver, or not
// to be seen by this user. The zero value is absent. Absent is never spelled
// as a number.
type Opt[T any] struct {
	value T
	known bool
}

// Some returns the known fact v.
func Some[T any](v T) Opt[T] { return Opt[T]{value: v, known: true} }

// someIf returns v as a fact, where it is known.
func someIf[T any](v T, known bool) Opt[T] {
	if !known {
		return Opt[T]{}
	}
	return Some(v)
}

// Get returns the fact and whether it is known; the zero T where it is not.
func (o Opt[T]) Get() (T, bool) { return o.value, o.known }

// Known reports whether the fact is there.
func (o Opt[T]) Known() bool { return o.known }

// Or returns the fact, or fallback where it is absent.
func (o Opt[T]) Or(fallback T) T {
	if !o.known {
		return fallback
	}
	return o.value
}

// MarshalJSON writes the fact, or null where it is absent. It returns the
// error of marshalling T.
func (o Opt[T]) MarshalJSON() ([]byte, error) {
	if !o.known {
		return []byte("null"), nil
	}
	return json.Marshal(o.value)
}

// UnmarshalJSON reads what MarshalJSON writes. It returns the error of
// unmarshalling T.
func (o *Opt[T]) UnmarshalJSON(b []byte) error {
	*o = Opt[T]{}
	if string(b) == "null" {
		return nil
	}
	if err := json.Unmarshal(b, &o.value); err != nil {
		return err
	}
	o.known = true
	return nil
}
