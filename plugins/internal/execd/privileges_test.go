package execd

import (
	"errors"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe"
)

func TestPrivilegeLines(t *testing.T) {
	const lost = "CAP_PERFMON,CAP_BPF"
	for _, tt := range []struct {
		name       string
		privileges sysprobe.Privileges
		err        error
		want       [][]string // parts of each line
	}{
		{"nothing lost", sysprobe.Privileges{}, nil, nil},
		{"NoNewPrivileges", sysprobe.Privileges{Withheld: lost, By: "no_new_privs"}, nil, [][]string{{lost, "NoNewPrivileges=", "exit codes"}}},
		{"bounding set", sysprobe.Privileges{Withheld: lost, By: "bounding set"}, nil, [][]string{{lost, "CapabilityBoundingSet=", "exit codes"}}},
		{"nosuid", sysprobe.Privileges{Withheld: lost, By: "nosuid"}, nil, [][]string{{lost, "nosuid", "exit codes"}}},
		{"unknown", sysprobe.Privileges{Withheld: lost}, nil, [][]string{{lost, "user namespace", "exit codes"}}},
		{"cgo", sysprobe.Privileges{}, sysprobe.ErrNotSupported, [][]string{{"CGO_ENABLED=0", "exit codes"}}},
		{"both", sysprobe.Privileges{Withheld: lost}, errors.New("capset: denied"), [][]string{{lost}, {"capset: denied", "exit codes"}}},
	} {
		lines := privilegeLines(tt.privileges, tt.err)
		if len(lines) != len(tt.want) {
			t.Errorf("%s: %d lines, want %d: %q", tt.name, len(lines), len(tt.want), lines)
			continue
		}
		for i, parts := range tt.want {
			for _, part := range parts {
				if !strings.Contains(lines[i], part) {
					t.Errorf("%s: %q lacks %q", tt.name, lines[i], part)
				}
			}
		}
	}
}
