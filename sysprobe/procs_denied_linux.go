package sysprobe

import (
	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
	"telegraf-sysprobe/sysprobe/internal/sys/caps"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
)

// capText is the text of a set of capabilities, which is the same in most
// snapshots.
type capText struct {
	of  caps.Set
	was string
}

// text returns the names in a set.
func (t *capText) text(of caps.Set) string {
	if t.of != of {
		t.of, t.was = of, of.String()
	}
	return t.was
}

// firstDenied returns why the first process that sw was denied a fact of keeps it.
func (c *procsClient) firstDenied(sw *sweep) Opt[Denial] {
	p := findPID(sw.rows, sw.firstDenied)
	if p == nil || sw.denied == 0 {
		return Opt[Denial]{}
	}
	b, err := c.root.Dir(p.ID.PID).Read(c.buf, procdir.Status)
	if err != nil {
		return Opt[Denial]{} // it exited
	}
	permitted, err := procfs.DecodePermitted(b)
	if err != nil {
		return Opt[Denial]{}
	}
	st, err := procfs.DecodeStatus(b)
	if err != nil {
		return Opt[Denial]{}
	}
	status := statusOf(&st)
	return Some(Denial{
		ID: p.ID, Name: p.Name, UID: status.UID,
		OtherUser: !c.self.isUserOf(&status),
		Lacks:     c.denial.text(caps.Set(permitted) &^ c.self.effective),
		Traceable: c.self.ptrace,
	})
}
