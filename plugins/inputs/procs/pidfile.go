package procs

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// pidFiles are files with the PID of a process each, as daemons write them.
type pidFiles struct {
	paths []string
	pids  map[string]bool // in this gather
}

// pidFileTest makes the test whether one of the files has the PID of a process.
func (c *condition) pidFileTest(paths []string) (test, []string, error) {
	for _, path := range paths {
		if !filepath.IsAbs(path) {
			return nil, nil, fmt.Errorf("option pid_file: %q is no absolute path; write all of it", path)
		}
	}
	files := &pidFiles{paths: paths, pids: map[string]bool{}}
	c.pidFiles = files
	return func(m member) bool {
		pid, known := m.text("pid")
		return known && files.pids[pid]
	}, nil, nil
}

// read reads the files anew. A file that is missing, or has no PID, is of no
// process: the daemon does not run. It returns the first other error.
func (f *pidFiles) read() (failed error) {
	clear(f.pids)
	for _, path := range f.paths {
		pid, err := readPID(path)
		switch {
		case err == nil:
			f.pids[pid] = true
		case !os.IsNotExist(err) && failed == nil:
			failed = err
		}
	}
	return failed
}

// maxPIDFile is how many bytes of a file are looked at: a PID and what some daemons
// write below it.
const maxPIDFile = 4096

// readPID returns the PID that begins the file. Who can write to the directory of a
// daemon can put something else there, which must not hold up who reads it: opening a
// FIFO waits for a writer.
func readPID(path string) (string, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", cmp.Or(err, fmt.Errorf("%s is no regular file", path))
	}
	text, err := io.ReadAll(io.LimitReader(file, maxPIDFile))
	if err != nil {
		return "", err
	}
	fields := strings.Fields(string(text))
	if len(fields) == 0 {
		return "", os.ErrNotExist // a daemon that is about to write it
	}
	pid, err := strconv.ParseInt(fields[0], 10, 32)
	if err != nil || pid <= 0 {
		return "", fmt.Errorf("%s begins with %q, which is no PID", path, fields[0])
	}
	return strconv.FormatInt(pid, 10), nil
}
