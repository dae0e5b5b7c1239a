package message

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
)

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 facts", 1: "1 fact", 2: "2 facts"} {
		if got := Count(n, "fact"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestWithFilesRemedy(t *testing.T) {
	for errno, want := range map[syscall.Errno]string{syscall.EMFILE: "LimitNOFILE=", syscall.ENFILE: "fs.file-max"} {
		err := fmt.Errorf("open: %w", errno)
		got := WithFilesRemedy(err)
		if !errors.Is(got, errno) || !strings.Contains(got.Error(), errno.Error()) || !strings.Contains(got.Error(), want) || !LacksFiles(got) {
			t.Errorf("%v, want %s", got, want)
		}
	}
	for _, err := range []error{nil, syscall.EACCES} {
		if got := WithFilesRemedy(err); got != err || LacksFiles(err) { //nolint:errorlint // it is the very error
			t.Errorf("%v becomes %v", err, got)
		}
	}
}
