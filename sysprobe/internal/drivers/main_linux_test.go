package drivers

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// machineVariable is set in a virtual machine of "make vm", to the directory
// that it shares with its host.
const machineVariable = "SYSPROBE_VM"

func TestMain(m *testing.M) {
	if os.Getenv(machineVariable) == "" {
		fmt.Fprintf(os.Stderr, "not run: %s is not set; make vm starts virtual machines with the cards\n", machineVariable)
		return
	}
	os.Exit(m.Run())
}

// cards are the interfaces of emulated network cards.
func cards(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(os.Getenv(machineVariable), "cards"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		names = append(names, strings.Fields(line)[1]) // after the address
	}
	return names
}

// needPCI skips the test where there are no cards for a PCI bus.
func needPCI(t *testing.T) {
	t.Helper()
	if !slices.Contains(cards(t), "e1000e") {
		t.Skip("needs a PCI bus")
	}
}

// run runs a program and returns its output.
func run(t *testing.T, command string) string {
	t.Helper()
	args := strings.Fields(command)
	sysprobetest.NeedTool(t, args[0])
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return string(out)
}

// monitor is the emulator's, which speaks QMP on the second serial line.
type monitor struct {
	line  *os.File
	lines *bufio.Scanner
	asked int
}

// openMonitor opens the monitor for the time of the test.
func openMonitor(t *testing.T) *monitor {
	t.Helper()
	line, err := os.OpenFile("/dev/ttyS1", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, line)
	// The line may have returned a part of the greeting, before it was told not
	// to echo: this octet ends whatever that has begun.
	if _, err := line.Write([]byte{0xff}); err != nil {
		t.Fatal(err)
	}
	m := &monitor{line: line, lines: bufio.NewScanner(line)}
	m.do(t, "qmp_capabilities", nil)
	return m
}

// do has a command carried out.
func (m *monitor) do(t *testing.T, command string, arguments any) {
	t.Helper()
	m.asked++
	request := struct {
		Execute   string `json:"execute"`
		Arguments any    `json:"arguments,omitempty"`
		ID        int    `json:"id"`
	}{command, arguments, m.asked}
	if err := json.NewEncoder(m.line).Encode(request); err != nil {
		t.Fatal(err)
	}
	for m.lines.Scan() {
		var answer struct {
			ID    int
			Error any
		}
		err := json.Unmarshal(m.lines.Bytes(), &answer)
		if err != nil || answer.ID != m.asked {
			continue // what is left of a greeting, or an event
		}
		if answer.Error != nil {
			t.Fatalf("%s: %v", command, answer.Error)
		}
		return
	}
	t.Fatalf("monitor ended: %v", m.lines.Err())
}

// plug puts the cable of a card in, or pulls it out.
func (m *monitor) plug(t *testing.T, card string, in bool) {
	t.Helper()
	m.do(t, "set_link", map[string]any{"name": card, "up": in})
}
