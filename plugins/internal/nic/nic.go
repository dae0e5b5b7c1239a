// Package nic holds what the plugins about network interfaces share: the
// options that choose interfaces and network namespaces, and a handle for each
// namespace.
package nic

import (
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
}

// System holds the functions of package sysprobe that a plugin and its Reader
// call besides opening handles. Tests replace them.
type System struct {
	Supported func(sysprobe.Feature) error           // sysprobe.Supported
	Named     func() ([]string, error)               // sysprobe.NamedNetNS
	List      func(path string) ([]string, error)    // sysprobe.ListNetNS
	Identify  func(string) (sysprobe.NetNSID, error) // sysprobe.IdentifyNetNS
	MayEnter  func() error                           // sysprobe.MayEnterNetNS
}

// ThisSystem returns the System of the program.
func ThisSystem() System {
	return System{
		Supported: sysprobe.Supported,
		Named:     sysprobe.NamedNetNS,
		List:      sysprobe.ListNetNS,
		Identify:  sysprobe.IdentifyNetNS,
		MayEnter:  sysprobe.MayEnterNetNS,
	}
}

// Choice chooses the interfaces to report. The zero value chooses all.
type Choice struct{ name, kind options.Globs }

// Match reports whether to report an interface. The globs of names are also those
// of its alternative names, as ip(8) takes either.
func (c Choice) Match(l *sysprobe.Link) bool {
	return c.name.Match(l.Name, l.AltNames...) && c.kind.Match(l.Kind)
}

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
