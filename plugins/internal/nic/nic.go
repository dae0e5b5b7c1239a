// Package nic holds what the plugins about network interfaces share: the
// options that choose interfaces and network namespaces, and a handle for each
// namespace.
package nic

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"telegraf-sysprobe/plugins/internal/options"
	"telegraf-sysprobe/sysprobe"
)

// Options choose interfaces and network namespaces. A plugin embeds them.
type Options struct {
	InterfaceInclude []string `toml:"interface_include"`
	InterfaceExclude []string `toml:"interface_exclude"`
	KindInclude      []string `toml:"kind_include"`
	KindExclude      []string `toml:"kind_exclude"`
	NamespaceInclude []string `toml:"namespace_include"`
	NamespaceExclude []string `toml:"namespace_exclude"`
	NamespacePaths   []string `toml:"namespace_paths"`

	// Named and MayEnter replace sysprobe.NamedNetNS and sysprobe.MayEnterNetNS
	// in tests.
	Named    func() ([]string, error) `toml:"-"`
	MayEnter func() error             `toml:"-"`
}

// Choice says which interfaces to report. The zero value lets all pass.
type Choice struct{ name, kind options.Globs }

// Match says whether to report an interface of that name and kind.
func (c Choice) Match(name, kind string) bool { return c.name.Match(name) && c.kind.Match(kind) }

// Interfaces compiles the lists of globs. It returns an error that names the
// option, the bad glob and the remedy.
func (o *Options) Interfaces() (Choice, error) {
	name, err := options.NewGlobs("interface", o.InterfaceInclude, o.InterfaceExclude)
	if err != nil {
		return Choice{}, err
	}
	kind, err := options.NewGlobs("kind", o.KindInclude, o.KindExclude)
	return Choice{name: name, kind: kind}, err
}

// namespace is a network namespace to read.
type namespace struct {
	path  string // empty: the own one
	tag   string // what tells its metrics apart; empty: nothing
	named bool   // by ip-netns(8): it comes and goes
}

// following are the globs over named namespaces; off where none can pass: the
// options have no globs, or include the own one alone.
type following struct {
	on    bool
	globs options.Globs
}

// namespaces returns the namespaces to read in any case: the own one, unless
// the globs leave it out, and those of the option namespace_paths; and which
// named ones to follow. It returns an error that names the option, the value
// and the remedy where a path is not there, two of them could not be told
// apart, or this process may not enter any.
func (o *Options) namespaces() (list []namespace, named following, err error) {
	isOther := func(glob string) bool { return glob != "" }
	named.on = slices.ContainsFunc(o.NamespaceInclude, isOther) || len(o.NamespaceInclude) == 0 && len(o.NamespaceExclude) > 0
	if named.globs, err = options.NewGlobs("namespace", o.NamespaceInclude, o.NamespaceExclude); err != nil {
		return nil, named, err
	}
	if named.globs.Match("") {
		list = append(list, namespace{})
	}
	if list, err = o.appendPaths(list); err != nil {
		return nil, named, err
	}
	if len(o.NamespacePaths) == 0 && !named.on {
		return list, named, nil
	}
	mayEnter := o.MayEnter
	if mayEnter == nil {
		mayEnter = sysprobe.MayEnterNetNS
	}
	if err := mayEnter(); err != nil {
		option := "namespace_include"
		if len(o.NamespacePaths) > 0 {
			option = "namespace_paths"
		}
		const remedy = `grant CAP_SYS_ADMIN, with systemd by "AmbientCapabilities=CAP_SYS_ADMIN" in "systemctl edit telegraf", or remove the option`
		return nil, named, fmt.Errorf("option %s: %w; %s", option, err, remedy)
	}
	return list, named, nil
}

// appendPaths appends the namespaces of the option namespace_paths.
func (o *Options) appendPaths(list []namespace) ([]namespace, error) {
	byTag := map[string]string{}
	for _, path := range o.NamespacePaths {
		if !filepath.IsAbs(path) {
			return nil, fmt.Errorf("option namespace_paths: %q is not an absolute path; use one such as /run/netns/NAME or /proc/PID/ns/net", path)
		}
		if _, err := os.Stat(path); err != nil {
			return nil, namespace{path: path}.enterError(err)
		}
		tag := NamespaceTag(path)
		if other, taken := byTag[tag]; taken {
			return nil, fmt.Errorf("option namespace_paths: %q and %q would share the tag netns=%s; remove or rename one", other, path, tag)
		}
		byTag[tag] = path
		list = append(list, namespace{path: path, tag: tag})
	}
	return list, nil
}

// NamespaceTag is what tells the metrics of a namespace apart: the file name of
// its path, or all of that where the file is called net in every namespace
// (proc_pid_ns(5)), and nothing for the own one, whose path is empty.
func NamespaceTag(path string) string {
	if path == "" {
		return ""
	}
	path = filepath.Clean(path)
	if strings.HasSuffix(filepath.ToSlash(path), "/ns/net") {
		return path
	}
	return filepath.Base(path)
}

// enterError says what to do about a namespace that cannot be entered.
func (n namespace) enterError(err error) error {
	option, remedy := "namespace_paths", "check that it is a network namespace"
	if n.named {
		option = "namespace_include"
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		remedy = "remove it, or make the namespace first"
	case errors.Is(err, fs.ErrPermission):
		remedy = "run with CAP_SYS_ADMIN and, for a namespace in /proc, CAP_SYS_PTRACE"
	}
	return fmt.Errorf("option %s: cannot enter %q: %w; %s", option, n.path, err, remedy)
}
