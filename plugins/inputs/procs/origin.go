package procs

import "telegraf-sysprobe/sysprobe"

// originKeys are what options, tags and fields call the facts of a
// sysprobe.Origin.
func originKeys() []string { return []string{"cgroup", "unit", "slice", "container", "runtime", "pod"} }

// originText is the fact of o that key names; empty where there is none.
func originText(key string, o *sysprobe.Origin) string {
	if o == nil {
		return ""
	}
	switch key {
	case "cgroup":
		return o.Cgroup
	case "unit":
		return o.Unit
	case "slice":
		return o.Slice
	case "container":
		return o.Container
	case "runtime":
		return o.Runtime
	case "pod":
		return o.Pod
	default:
		return ""
	}
}
