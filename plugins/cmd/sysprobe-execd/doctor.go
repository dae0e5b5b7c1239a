package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/influxdata/telegraf"

	"telegraf-sysprobe/plugins/internal/doctor"
	"telegraf-sysprobe/plugins/internal/execd"
	"telegraf-sysprobe/sysprobe"
)

// statusError is the error of a program that has said everything by its output.
type statusError int

func (s statusError) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// examine prints what this user sees. It returns an statusError where that is not
// everything.
func examine(host *execd.Host, asJSON bool) error {
	privileges, err := sysprobe.RaisePrivileges() // which the facts depend on
	if err != nil && !errors.Is(err, sysprobe.ErrNotSupported) {
		return err
	}
	found := make(chan *doctor.Facts)
	go func() { found <- doctor.Examine(context.Background(), execd.Version()) }()
	rehearsals, err := host.Rehearse()
	facts := <-found
	facts.Privileges = privileges
	if err != nil {
		facts.Broken = strings.Split(fmt.Sprint(err), "\n")
	}
	facts.Config = cmp.Or(strings.Join(host.Configs, ", "), "built-in configuration")
	for _, r := range rehearsals {
		facts.Inputs = append(facts.Inputs, doctor.Input(r))
	}
	rows := facts.Rows()
	text := doctor.Text(rows)
	if asJSON {
		if text, err = doctor.JSON(rows); err != nil {
			return err
		}
	}
	if err := say(text); err != nil {
		return err
	}
	if code := doctor.Code(rows); code != 0 {
		return statusError(code)
	}
	return nil
}

// about makes the input that reports on this program beside inputs.
func about(inputs []telegraf.Input) telegraf.Input {
	var backends []func() sysprobe.BackendStatus
	for _, input := range inputs {
		if reads, ok := input.(interface{ ProcessBackend() sysprobe.BackendStatus }); ok {
			backends = append(backends, reads.ProcessBackend)
		}
	}
	return doctor.NewAbout(execd.OwnVersion(), backends)
}
