// Package message is wording that the messages of the plugins share.
package message

import (
	"errors"
	"fmt"
	"syscall"
)

// Count says how many there are of a thing, whose name has a plural with an s.
func Count[N ~int | ~uint64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// FilesRemedy says what helps a program, or a machine, that has as many open files
// as it may have; it is empty for any other error.
func FilesRemedy(err error) string {
	switch {
	case errors.Is(err, syscall.EMFILE):
		return "raise LimitNOFILE= of the systemd unit, or ulimit -n, of this program"
	case errors.Is(err, syscall.ENFILE):
		return "raise the sysctl fs.file-max, or end the program that has so many files open"
	}
	return ""
}

// LacksFiles reports whether err has a FilesRemedy.
func LacksFiles(err error) bool { return FilesRemedy(err) != "" }

// WithFilesRemedy adds the FilesRemedy to err, which it returns as it is where
// there is none.
func WithFilesRemedy(err error) error {
	if remedy := FilesRemedy(err); remedy != "" {
		return fmt.Errorf("%w; %s", err, remedy)
	}
	return err
}
