package nic

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/influxdata/telegraf"

	"telegraf-sysprobe/plugins/internal/message"
	"telegraf-sysprobe/plugins/internal/options"
	"telegraf-sysprobe/sysprobe"
)

// namespaces are the network namespaces that the options choose.
type namespaces struct {
	own   bool
	paths []string // of the option namespace_paths: files, directories and globs
	named bool     // those that ip-netns(8) names are chosen by globs
	globs options.Globs
	list  Included // namespace_include
}

// namespace is a network namespace to read.
type namespace struct {
	path   string // empty: the own namespace
	tag    string // the tag netns of its metrics; empty: none
	option string // that chooses it
	entry  string // of namespace_paths
	listed bool   // found by a name or in a directory: it comes and goes
}

// String names the namespace in messages.
func (n namespace) String() string {
	if n.path == "" {
		return "the own namespace"
	}
	return fmt.Sprintf("namespace %q", n.path)
}

// namespaces checks the options about network namespaces. It returns an error
// that names the option, the value and the remedy where a path is not absolute,
// two paths have the same tag, or this process must not enter other namespaces.
// A namespace that does not exist is no error, as it might come later.
func (o *Options) namespaces(mayEnter func() error) (chosen namespaces, err error) {
	isOther := func(glob string) bool { return glob != "" }
	chosen.named = slices.ContainsFunc(o.NamespaceInclude, isOther) || len(o.NamespaceInclude) == 0 && len(o.NamespaceExclude) > 0
	for _, glob := range slices.Concat(o.NamespaceInclude, o.NamespaceExclude) {
		if strings.Contains(glob, "/") {
			return chosen, fmt.Errorf(
				"option namespace_include or namespace_exclude: %q is no name; use that of ip-netns(8), or a path in namespace_paths", glob)
		}
	}
	if chosen.globs, err = options.NewGlobs("namespace", o.NamespaceInclude, o.NamespaceExclude); err != nil {
		return chosen, err
	}
	chosen.own = chosen.globs.Match("")
	if chosen.list, err = NewIncluded("namespace_include", "namespace", o.NamespaceInclude); err != nil {
		return chosen, err
	}
	if chosen.paths, err = o.paths(); err != nil || !chosen.others() {
		return chosen, err
	}
	if err := mayEnter(); err != nil {
		option := "namespace_include"
		if len(o.NamespacePaths) > 0 {
			option = "namespace_paths"
		}
		const remedy = `grant CAP_SYS_ADMIN, with systemd by "AmbientCapabilities=CAP_SYS_ADMIN" in "systemctl edit telegraf", or remove the option`
		return chosen, fmt.Errorf("option %s: %w; %s", option, err, remedy)
	}
	return chosen, nil
}

// paths checks the option namespace_paths and expands its braces.
func (o *Options) paths() ([]string, error) {
	const option = "namespace_paths"
	var all []string
	byTag := map[string]string{}
	for _, entry := range o.NamespacePaths {
		if !filepath.IsAbs(entry) {
			return nil, fmt.Errorf("option %s: %q is not an absolute path; use one such as /run/netns/NAME or /proc/PID/ns/net", option, entry)
		}
		expanded, err := options.Expand(option, entry)
		if err != nil {
			return nil, err
		}
		for _, path := range expanded {
			if _, err := filepath.Match(path, ""); err != nil {
				return nil, fmt.Errorf("option %s: bad glob %q: %w; close the brackets, or put a backslash before them", option, path, err)
			}
			all = append(all, path)
			if isList(path) {
				continue
			}
			tag := NamespaceTag(path)
			if other, taken := byTag[tag]; taken {
				return nil, fmt.Errorf("option %s: %q and %q would share the tag netns=%s; remove or rename one", option, other, path, tag)
			}
			byTag[tag] = path
		}
	}
	return all, nil
}

// isList reports whether path is a glob, or a directory at the moment.
func isList(path string) bool {
	info, err := os.Stat(path)
	return strings.ContainsAny(path, "*?[") || err == nil && info.IsDir()
}

// others reports whether other namespaces than the own one might be chosen.
func (n *namespaces) others() bool { return n.named || len(n.paths) > 0 }

// find returns the namespaces that are chosen at the moment, without their tags.
// Its error is that of listing those with a name, which are then left out.
func (n *namespaces) find(system *System) (found []namespace, err error) {
	if n.own {
		found = append(found, namespace{})
	}
	for _, entry := range n.paths {
		paths, err := system.List(entry)
		if err != nil { // which opening the directory as a namespace reports
			paths = []string{entry}
		}
		for _, path := range paths {
			found = append(found, namespace{path: path, option: "namespace_paths", entry: entry, listed: path != entry})
		}
	}
	if !n.named {
		return found, nil
	}
	paths, err := system.Named()
	if err != nil {
		return found, fmt.Errorf("options namespace_include, namespace_exclude: %w", err)
	}
	for _, path := range paths {
		if n.globs.Match(NamespaceTag(path)) {
			found = append(found, namespace{path: path, option: "namespace_include", listed: true})
		}
	}
	return found, nil
}

// remark logs which options match none of the namespaces that were found first.
func (n *namespaces) remark(found []namespace, log telegraf.Logger) {
	matched := map[string]bool{}
	for _, ns := range found {
		matched[ns.entry] = true
		if ns.option != "namespace_paths" {
			n.list.See(NamespaceTag(ns.path))
		}
	}
	n.list.Remark(log)
	for _, entry := range n.paths {
		if !matched[entry] {
			log.Warnf("Option namespace_paths: no namespace is at %q yet; it is read when it is there", entry)
		}
	}
}

// NamespaceTag returns the tag netns of the metrics of a namespace: the file name
// of its path, or the whole path where the file name is "net" in every namespace
// (proc_pid_ns(5)). The own namespace, whose path is empty, has no tag.
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

// enterError adds the remedy to the error of entering a namespace.
func (n namespace) enterError(err error) error {
	remedy := "check that it is a network namespace"
	switch {
	case message.LacksFiles(err):
		remedy = message.FilesRemedy(err)
	case errors.Is(err, fs.ErrNotExist):
		remedy = "it is read when it is there"
	case errors.Is(err, fs.ErrPermission):
		remedy = "run with CAP_SYS_ADMIN and, for a namespace in /proc, CAP_SYS_PTRACE"
	}
	if op, ok := errors.AsType[*sysprobe.OpError](err); ok && op.Target == n.path {
		err = op.Err // the message names the path
	}
	return fmt.Errorf("option %s: cannot enter %q: %w; %s", n.option, n.path, err, remedy)
}
