package sysprobe

import (
	"errors"
	"io/fs"
	"runtime"
	"slices"
	"testing"
)

func TestSupported(t *testing.T) {
	for feature, systems := range supportedOn {
		switch err := Supported(feature); {
		case slices.Contains(systems, runtime.GOOS):
			if err != nil {
				t.Errorf("%s: %v", feature, err)
			}
		case !errors.Is(err, ErrNotSupported):
			t.Errorf("%s: %v, want ErrNotSupported", feature, err)
		}
	}
	for _, feature := range []Feature{"", "procs", "Process.Close", "Process."} {
		if err := Supported(feature); !errors.Is(err, fs.ErrInvalid) || errors.Is(err, ErrNotSupported) {
			t.Errorf("%q: %v, want fs.ErrInvalid", feature, err)
		}
	}
}

// TestHandlesAreFeatures fails where a constant names no handle.
func TestHandlesAreFeatures(t *testing.T) {
	for _, handle := range []Feature{
		FeatureNICAddrs, FeatureNICStats, FeatureNICWatch, FeatureProcs, FeatureProcess, FeatureExits, FeatureZombies,
	} {
		if _, ok := supportedOn[handle]; !ok {
			t.Errorf("%s is no feature", handle)
		}
	}
}
