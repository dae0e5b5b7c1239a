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
	"strings"

	"telegraf-sysprobe/plugins/internal/options"
)

// Options choose interfaces and network namespaces. A plugin embeds them.
type Options struct {
	InterfaceInclude []string `toml:"interface_include"`
	InterfaceExclude []string `toml:"interface_exclude"`
	NamespacePaths   []string `toml:"namespace_paths"`
}

// Interfaces returns the filter of interface names. It returns an error that
// names the option, the bad glob and the remedy.
func (o *Options) Interfaces() (options.Globs, error) {
	return options.NewGlobs("interface", o.InterfaceInclude, o.InterfaceExclude)
}

// namespace is a network namespace to read.
type namespace struct {
	path string // empty: the own one
	tag  string // what tells its metrics apart; empty: nothing
}

// namespaces returns the own namespace and those of the option
// namespace_paths. It returns an error that names the option, the value and
// the remedy where a path is not there or two of them could not be told apart.
func (o *Options) namespaces() ([]namespace, error) {
	list := []namespace{{}}
	byTag := map[string]string{}
	for _, path := range o.NamespacePaths {
		if !filepath.IsAbs(path) {
			return nil, fmt.Errorf("option namespace_paths: %q is not an absolute path; use one such as /run/netns/NAME or /proc/PID/ns/net", path)
		}
		if _, err := os.Stat(path); err != nil {
			return nil, namespaceError(path, err)
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

// namespaceError says what to do about a namespace that cannot be entered.
func namespaceError(path string, err error) error {
	remedy := "check that it is a network namespace"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		remedy = "remove it, or make the namespace first"
	case errors.Is(err, fs.ErrPermission):
		remedy = "run with CAP_SYS_ADMIN and, for a namespace in /proc, CAP_SYS_PTRACE"
	}
	return fmt.Errorf("option namespace_paths: cannot enter %q: %w; %s", path, err, remedy)
}
