package sysprobe

import "telegraf-sysprobe/sysprobe/internal/opt"

// Opt is a fact that might be absent: one that this kernel or driver does not
// give, or that this user must not see. The zero Opt is absent, and an absent
// one holds the zero T; no number stands for absence.
//
// Get returns the fact and whether it is known, Known only the latter, Or the
// fact or a fallback, and Ref a pointer to a known fact or nil. String is that
// of the fact, or "absent". JSON has null for an absent fact.
type Opt[T any] = opt.Opt[T]

// Some returns the known fact v.
func Some[T any](v T) Opt[T] { return opt.Some(v) }

// someIf returns v as a known fact if known, and an absent one otherwise.
func someIf[T any](v T, known bool) Opt[T] { return opt.SomeIf(v, known) }
