package sysprobe

import "telegraf-sysprobe/sysprobe/internal/sys/caps"

// privilegesClient asks the capabilities of this process and of its program.
type privilegesClient struct{ unsupportedPrivileges }

func (privilegesClient) raise() (Privileges, error) {
	const wanted = caps.Set(1)<<caps.SysPtrace | 1<<caps.Perfmon | 1<<caps.BPF
	permitted, err := caps.Permitted()
	if err == nil {
		err = caps.Raise(wanted)
	}
	withheld := caps.Granted() &^ permitted
	p := Privileges{Withheld: withheld.String()}
	switch {
	case withheld == 0:
	case caps.NoNewPrivileges():
		p.By = "no_new_privs"
	case caps.OnNoSUID():
		p.By = "nosuid"
	case caps.Bounded(withheld) == withheld:
		p.By = "bounding set"
	}
	return p, opError("raise", "capabilities", err)
}
