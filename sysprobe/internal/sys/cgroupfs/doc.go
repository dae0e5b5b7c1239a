// Package cgroupfs finds cgroups in the file system of the unified hierarchy
// (cgroup2).
package cgroupfs
