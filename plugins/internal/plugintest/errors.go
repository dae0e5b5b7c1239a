package plugintest

import (
	"strings"
	"testing"
)

// CheckError requires an error that says every part of want, such as the
// option, the value and the remedy; no error where want is nil.
func CheckError(t *testing.T, err error, want []string) {
	t.Helper()
	if (err == nil) != (want == nil) {
		t.Fatalf("error %v, want one that says %q", err, want)
	}
	for _, part := range want {
		if text := err.Error(); !strings.Contains(text, part) {
			t.Errorf("error %q does not say %q", text, part)
		}
	}
}
