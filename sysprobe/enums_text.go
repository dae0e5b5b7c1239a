package sysprobe

import (
	"fmt"
	"strconv"
)

// enumText returns the name of v, or its number where names has none.
func enumText[T ~uint8 | ~uint16](v T, names []string) string {
	if int(v) < len(names) && names[v] != "" {
		return names[v]
	}
	return strconv.Itoa(int(v))
}

// enumParse is the inverse of enumText.
func enumParse[T ~uint8 | ~uint16](v *T, names []string, kind string, text []byte) error {
	for i, name := range names {
		if name != "" && name == string(text) {
			*v = T(i)
			return nil
		}
	}
	n, err := strconv.ParseUint(string(text), 10, 16)
	if err != nil || uint64(T(n)) != n {
		return fmt.Errorf("unknown %s %q", kind, text)
	}
	*v = T(n)
	return nil
}

// String returns the name of s, or its number where it has none.
func (s State) String() string { return enumText(s, stateNames) }

// MarshalText writes String; it never fails.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a name or a number; any other text is an error.
func (s *State) UnmarshalText(b []byte) error { return enumParse(s, stateNames, "state", b) }

// String returns the name of d, or its number where it has none.
func (d Duplex) String() string { return enumText(d, duplexNames) }

// MarshalText writes String; it never fails.
func (d Duplex) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a name or a number; any other text is an error.
func (d *Duplex) UnmarshalText(b []byte) error { return enumParse(d, duplexNames, "duplex", b) }

// String returns the name of o, or its number where it has none.
func (o OperState) String() string { return enumText(o, operStateNames) }

// MarshalText writes String; it never fails.
func (o OperState) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads a name or a number; any other text is an error.
func (o *OperState) UnmarshalText(b []byte) error {
	return enumParse(o, operStateNames, "operstate", b)
}

// String returns the name of p, or its number where it has none.
func (p Port) String() string { return enumText(p, portNames) }

// MarshalText writes String; it never fails.
func (p Port) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads a name or a number; any other text is an error.
func (p *Port) UnmarshalText(b []byte) error { return enumParse(p, portNames, "port", b) }

// String returns the name of s, or its number where it has none.
func (s AddrScope) String() string { return enumText(s, scopeNames) }

// MarshalText writes String; it never fails.
func (s AddrScope) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a name or a number; any other text is an error.
func (s *AddrScope) UnmarshalText(b []byte) error { return enumParse(s, scopeNames, "scope", b) }

// String returns the name of f, or its number where it has none.
func (f Family) String() string { return enumText(f, familyNames) }

// MarshalText writes String; it never fails.
func (f Family) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads a name or a number; any other text is an error.
func (f *Family) UnmarshalText(b []byte) error { return enumParse(f, familyNames, "family", b) }

// String returns the name of p, or its number where it has none.
func (p SchedPolicy) String() string { return enumText(p, schedPolicyNames) }

// MarshalText writes String; it never fails.
func (p SchedPolicy) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads a name or a number; any other text is an error.
func (p *SchedPolicy) UnmarshalText(b []byte) error {
	return enumParse(p, schedPolicyNames, "policy", b)
}

// String returns the name of c, or its number where it has none.
func (c IOPrioClass) String() string { return enumText(c, ioPrioClassNames) }

// MarshalText writes String; it never fails.
func (c IOPrioClass) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads a name or a number; any other text is an error.
func (c *IOPrioClass) UnmarshalText(b []byte) error {
	return enumParse(c, ioPrioClassNames, "class", b)
}

// String returns the name of r, or its number where it has none.
func (r Resource) String() string { return enumText(r, resourceNames) }

// MarshalText writes String; it never fails.
func (r Resource) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a name or a number; any other text is an error.
func (r *Resource) UnmarshalText(b []byte) error { return enumParse(r, resourceNames, "resource", b) }

// String returns the name of s, or its number where it has none.
func (s SocketType) String() string { return enumText(s, socketTypeNames) }

// MarshalText writes String; it never fails.
func (s SocketType) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a name or a number; any other text is an error.
func (s *SocketType) UnmarshalText(b []byte) error {
	return enumParse(s, socketTypeNames, "socket type", b)
}

// String returns the name of c, or its number where it has none.
func (c ConnStatus) String() string { return enumText(c, connStatusNames) }

// MarshalText writes String; it never fails.
func (c ConnStatus) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads a name or a number; any other text is an error.
func (c *ConnStatus) UnmarshalText(b []byte) error {
	return enumParse(c, connStatusNames, "connection status", b)
}
