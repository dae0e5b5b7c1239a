package sysprobe

import (
	"runtime"
	"slices"
)

// Feature is one thing this package can read.
type Feature uint8

// The features, one per handle.
const (
	FeatureNICAddrs Feature = iota
	FeatureNICStats
	FeatureProcs
	FeatureZombies
)

var featureNames = []string{"nicaddrs", "nicstats", "procs", "zombies"}

// String returns the name of the plugin that shows the feature.
func (f Feature) String() string { return enumText(f, featureNames) }

// MarshalText writes String; it never fails.
func (f Feature) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// supportedOn says on which systems a feature has a backend. The matrix in
// README.md is this table.
var supportedOn = map[Feature][]string{
	FeatureNICAddrs: {"linux"},
	FeatureNICStats: {"linux"},
	FeatureProcs:    {"linux"},
	FeatureZombies:  {"linux"},
}

// Supported returns nil where this system has a backend for f, and an error
// that answers to [ErrNotSupported] where it has none.
func Supported(f Feature) error {
	if slices.Contains(supportedOn[f], runtime.GOOS) {
		return nil
	}
	return opError("look for a backend of", f.String(), ErrNotSupported)
}
