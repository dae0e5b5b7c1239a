// Command sysprobe-execd runs the inputs of this module for a Telegraf that
// does not have them, behind its inputs.execd: metrics as InfluxDB line
// protocol on stdout, messages on stderr. It stops when stdin ends.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"telegraf-sysprobe/plugins/internal/execd"

	_ "telegraf-sysprobe/plugins/inputs/all" // what can be configured
)

//go:generate sh -c "go run . --sample-config >sample.new && mv sample.new ../../../sample.conf"

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50) // with 5,000 processes 31 MB resident instead of 37, for the same CPU time
	}
	err := run(os.Args[1:])
	if status, ok := errors.AsType[statusError](err); ok {
		os.Exit(int(status))
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		for line := range strings.Lines(fmt.Sprint(err)) { // of several errors each is a message of Telegraf's
			fmt.Fprintln(os.Stderr, "E! sysprobe-execd:", strings.TrimSuffix(line, "\n"))
		}
		os.Exit(1)
	}
}

// choice is what the flags ask for.
type choice struct {
	once, test, check, sample, version, doctor, json bool
}

// define defines the flags of c and host.
func (c *choice) define(flags *flag.FlagSet, host *execd.Host) {
	flags.Func("config", "read this `file`; can be given again (default: what --sample-config prints)", func(file string) error {
		host.Configs = append(host.Configs, file)
		return nil
	})
	flags.Func("config-directory", "read the files *.conf below this `directory` too; can be given again", func(directory string) error {
		files, err := execd.ConfigsIn(directory)
		host.Configs = append(host.Configs, files...)
		return err
	})
	flags.Func("input-filter", "run only these `kinds` of inputs, with colons between, such as procs:zombies", func(kinds string) error {
		host.Only = strings.FieldsFunc(kinds, func(r rune) bool { return r == ':' })
		return execd.CheckKinds(host.Only)
	})
	flags.BoolVar(&c.once, "once", false,
		"gather twice, half a second apart, so that rates are known, print the second gather, and end; fails if an input does")
	flags.BoolVar(&c.test, "test", false, "as --once, for people to read: each metric after a '> '")
	flags.BoolVar(&c.check, "config-check", false, "only say what is wrong with the configuration: open what it reads, and gather once")
	flags.BoolVar(&c.sample, "sample-config", false, "print a configuration with every input, or with those that are named behind it, and end")
	flags.BoolVar(&c.doctor, "doctor", false,
		"say what this user sees on this machine, what each missing thing costs and how it is granted, and what a gather of the configuration takes")
	flags.BoolVar(&c.json, "json", false, "with --doctor: as JSON")
	flags.BoolVar(&c.version, "version", false, "print the version, and end")
}

// validate returns an error where the flags do not go together.
func (c *choice) validate(flags *flag.FlagSet) error {
	switch {
	case flags.NArg() > 0 && !c.sample:
		return fmt.Errorf("unexpected argument %q; --help lists the flags", flags.Arg(0))
	case c.json && !c.doctor:
		return errors.New("--json says how --doctor prints; add --doctor")
	}
	return oneOf(flags, "once", "test", "config-check", "sample-config", "version", "doctor")
}

func run(args []string) error {
	host := &execd.Host{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, About: about}
	var c choice
	flags := flag.NewFlagSet("sysprobe-execd", flag.ContinueOnError)
	c.define(flags, host)
	if err := cmp.Or(parse(flags, args), c.validate(flags)); err != nil {
		return err
	}
	switch {
	case c.doctor:
		return examine(host, c.json)
	case c.version:
		return say(execd.Version() + "\n")
	case c.sample:
		text, err := execd.SampleConfig(flags.Args()...)
		return cmp.Or(err, say(text))
	case c.check:
		host.Mode = execd.Check
	case c.test:
		host.Mode = execd.Test
	case c.once:
		host.Mode = execd.Once
	}
	execd.RaisePrivileges(os.Stderr)
	err := gather(host)
	if c.check && err == nil {
		return say("OK\n")
	}
	return err
}

// gather runs host until a signal or its own end.
func gather(host *execd.Host) error {
	// A write to a closed stdout is an error to handle, not the end.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends what the first could not
	return host.Run(ctx)
}

// help is what --help says behind the flags.
const help = `
Telegraf starts the program through inputs.execd, and ends it by closing its standard input:

  [[inputs.execd]]
    command = ["/usr/bin/sysprobe-execd", "--config", "/etc/telegraf/sysprobe.conf"]
    signal = "none"

Examples:
  sysprobe-execd --once                         what the inputs gather here
  sysprobe-execd --sample-config procs          the options of one input
  sysprobe-execd --config-check --config FILE   what is wrong with FILE
  sudo -u telegraf sysprobe-execd --doctor      what the user telegraf sees, and what it would take

Exit status: 0 when standard input or a signal ended it, or --config-check found nothing wrong;
1 with a line on standard error for each mistake. Of --doctor: 0 where nothing is missing, 2 where
something is, 1 where an input or the configuration does not work.

Environment: HOST_PROC, HOST_SYS and HOST_ETC are where /proc, /sys and /etc of the host are, in a
container; GOGC and GOMEMLIMIT are those of the Go runtime. A configuration can have ${NAME} in a
string, also where the option is a number, as in top_count = "${NAME}".
`

// say writes text to stdout.
func say(text string) error {
	_, err := os.Stdout.WriteString(text)
	return err
}

// oneOf returns an error where more than one of these flags is set: each says
// something else to do.
func oneOf(flags *flag.FlagSet, names ...string) error {
	var set []string
	flags.Visit(func(f *flag.Flag) {
		if slices.Contains(names, f.Name) && f.Value.String() == "true" {
			set = append(set, "--"+f.Name)
		}
	})
	if len(set) > 1 {
		return fmt.Errorf("%s cannot be had together; use one", strings.Join(set, " and "))
	}
	return nil
}

// parse is flags.Parse that answers a mistake with one line, since every line
// on stderr becomes a message of Telegraf's.
func parse(flags *flag.FlagSet, args []string) error {
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		var usage strings.Builder
		flags.SetOutput(&usage)
		flags.Usage()
		usage.WriteString(help)
		return cmp.Or(say(usage.String()), err)
	case err != nil:
		return fmt.Errorf("%w; --help lists the flags", err)
	}
	return nil
}
