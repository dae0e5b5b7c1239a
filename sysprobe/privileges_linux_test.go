package sysprobe_test

import (
	"testing"

	"telegraf-sysprobe/sysprobe"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// TestRaisePrivileges wants nothing lost and nothing changed of this process, whose
// file grants nothing, and which has already what it is permitted.
func TestRaisePrivileges(t *testing.T) {
	before := sysprobetest.MayLoadBPF(t)
	if got, err := sysprobe.RaisePrivileges(); got != (sysprobe.Privileges{}) || err != nil {
		t.Errorf("%+v, %v; want that nothing is withheld", got, err)
	}
	if after := sysprobetest.MayLoadBPF(t); after != before {
		t.Errorf("may load BPF programs: %v, before %v", after, before)
	}
}
