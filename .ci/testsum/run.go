package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

// goTest runs the test command of a go command and returns how it ended.
func goTest(command string, args []string, stdout, stderr io.Writer) int {
	cmd := exec.Command(command, append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	p := printer{out: stdout, verbose: slices.Contains(args, "-v"), events: slices.Contains(args, "-json"), lines: map[string][]string{}}
	summary := stdout
	if p.events {
		summary = stderr
	}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		p.line(line)
		if err != nil {
			break
		}
	}
	err = cmd.Wait()
	fmt.Fprintln(summary, p.summary())
	if err != nil {
		return max(cmd.ProcessState.ExitCode(), 1)
	}
	return 0
}

// printer prints the events of go test -json as go test prints tests, and
// counts.
type printer struct {
	out             io.Writer
	verbose, events bool

	lines          map[string][]string // printed by each test that has not ended, and by each package after its tests
	passed, failed int
	skipped        []string // for want of what
}

// line takes one line that go test printed.
func (p *printer) line(line string) {
	var e event
	isEvent := strings.HasPrefix(line, "{") && json.Unmarshal([]byte(line), &e) == nil
	if p.events || !isEvent {
		fmt.Fprint(p.out, line)
	}
	if isEvent {
		p.event(&e)
	}
}

// event takes one event. What a test printed appears where it failed, at once,
// and where it did not end, with the result of its package.
func (p *printer) event(e *event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		p.lines[key] = append(p.lines[key], e.Output)
		p.print(p.verbose, e.Output)
	case "build-output":
		p.print(true, e.Output)
	case "pass", "fail", "skip":
		p.end(e, p.lines[key])
		delete(p.lines, key)
	}
}

// end takes the result of a test or package, which printed lines.
func (p *printer) end(e *event, lines []string) {
	if e.Test == "" {
		if e.Action == "fail" {
			for _, key := range slices.Sorted(maps.Keys(p.lines)) {
				if strings.HasPrefix(key, e.Package+" ") && key != e.Package+" " {
					p.print(!p.verbose, p.lines[key]...)
				}
			}
		}
		p.print(!p.verbose, lines...)
		return
	}
	switch e.Action {
	case "pass":
		p.passed++
	case "fail":
		p.failed++
		p.print(!p.verbose, lines...)
	case "skip":
		p.skipped = append(p.skipped, missing(lines))
	}
}

// print prints lines, but for the progress of go test -v unless that is asked
// for.
func (p *printer) print(wanted bool, lines ...string) {
	for _, line := range lines {
		if wanted && !p.events && (p.verbose || !progress.MatchString(line) && line != "PASS\n") {
			fmt.Fprint(p.out, line)
		}
	}
}

var (
	progress = regexp.MustCompile(`^=== (RUN|PAUSE|CONT|NAME) `)
	needs    = regexp.MustCompile(`^\s+\S+\.go:\d+: needs ([^:\n]+)`)
)

// missing returns what the reason of a skip says that the test needs, from the
// lines that the test printed.
func missing(lines []string) string {
	for _, line := range slices.Backward(lines) {
		if m := needs.FindStringSubmatch(line); m != nil {
			return m[1]
		}
	}
	return "another reason"
}

// summary is the last line.
func (p *printer) summary() string {
	text := fmt.Sprintf("%d passed, %d failed, %d skipped", p.passed, p.failed, len(p.skipped))
	if len(p.skipped) == 0 {
		return text
	}
	count := map[string]int{}
	for _, what := range p.skipped {
		count[what]++
	}
	wants := slices.SortedFunc(maps.Keys(count), func(a, b string) int { return cmp.Or(count[b]-count[a], strings.Compare(a, b)) })
	for i, what := range wants {
		name, debian, _ := strings.Cut(strings.TrimSuffix(what, ")"), " (Debian package ")
		if debian != "" && debian != name {
			name += " of " + debian
		}
		wants[i] = fmt.Sprintf("%s (%d)", name, count[what])
	}
	return text + " for want of " + strings.Join(wants, ", ")
}
