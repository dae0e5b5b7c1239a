//go:build !linux

package main

import "errors"

// becomeFiltered is for Linux.
func becomeFiltered(string) error { return errors.ErrUnsupported }
