package sysprobe

import (
	"context"
	"errors"
	"go/types"
	"io"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe/internal/gen/load"
)

// openers open one handle of each type, by the name of the type.
var openers = map[string]func(*testing.T) io.Closer{
	"NICAddrs":   func(t *testing.T) io.Closer { return opened(t)(OpenNICAddrs(nil)) },
	"NICStats":   func(t *testing.T) io.Closer { return opened(t)(OpenNICStats(nil)) },
	"NICWatch":   func(t *testing.T) io.Closer { return opened(t)(OpenNICWatch(t.Context(), nil)) },
	"NetNSWatch": func(t *testing.T) io.Closer { return opened(t)(OpenNetNSWatch(nil)) },
	"Procs":      func(t *testing.T) io.Closer { return opened(t)(OpenProcs(nil)) },
	"Exits":      func(t *testing.T) io.Closer { return opened(t)(OpenExits(nil)) },
	"CPUCount":   func(t *testing.T) io.Closer { return opened(t)(OpenCPUCount(nil)) },
	"Accounting": func(t *testing.T) io.Closer {
		return opened(t)(openTable(t, "").OpenAccounting(t.Context()))
	},
	"Process": func(t *testing.T) io.Closer {
		return opened(t)(openTable(t, "").OpenPID(t.Context(), int32(os.Getpid())))
	},
}

// opened returns a function that returns a handle, or ends the test where it
// could not be opened.
func opened(t *testing.T) func(io.Closer, error) io.Closer {
	t.Helper()
	return func(handle io.Closer, err error) io.Closer {
		t.Helper()
		if errors.Is(err, ErrAccessDenied) || errors.Is(err, ErrNotSupported) {
			t.Skipf("needs root: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		return handle
	}
}

// TestAllHandlesAreOpened finds handles that openers lacks.
func TestAllHandlesAreOpened(t *testing.T) {
	p, err := load.Load("..", "sysprobe", "linux")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range p.Scope().Names() {
		typ, ok := p.Scope().Lookup(name).(*types.TypeName)
		if !ok || !typ.Exported() {
			continue
		}
		closes, _, _ := types.LookupFieldOrMethod(types.NewPointer(typ.Type()), true, p.Package, "Close")
		if _, ok := closes.(*types.Func); ok && openers[name] == nil {
			t.Errorf("%s has a method Close, and openers does not open it", name)
		}
	}
}

// TestClosedHandles closes each handle twice, and calls each method that returns
// an error in between and after.
func TestClosedHandles(t *testing.T) {
	for name, open := range openers {
		t.Run(name, func(t *testing.T) {
			handle := open(t)
			if err := handle.Close(); err != nil {
				t.Fatalf("first Close: %v", err)
			}
			for range 2 {
				value := reflect.ValueOf(handle)
				for i := range value.NumMethod() {
					checkClosed(t, Feature(name+"."+value.Type().Method(i).Name), value.Method(i))
				}
			}
		})
	}
}

// reasons are methods whose error is what they report, and no failure.
var reasons = []string{"Err", "Backend"}

// checkClosed calls a method of a closed handle, and checks that the error that
// it returns is an OpError that wraps fs.ErrClosed; ErrNotSupported of one that this
// system lacks.
func checkClosed(t *testing.T, method Feature, call reflect.Value) {
	t.Helper()
	typ := call.Type()
	_, name, _ := strings.Cut(string(method), ".")
	if n := typ.NumOut(); n == 0 || typ.Out(n-1) != reflect.TypeFor[error]() || slices.Contains(reasons, name) {
		return
	}
	args := make([]reflect.Value, typ.NumIn())
	for i := range args {
		switch in := typ.In(i); {
		case in == reflect.TypeFor[context.Context]():
			args[i] = reflect.ValueOf(t.Context())
		case in.Kind() == reflect.Pointer:
			args[i] = reflect.New(in.Elem())
		default:
			args[i] = reflect.Zero(in)
		}
	}
	results := call.Call(args)
	err, _ := reflect.TypeAssert[error](results[len(results)-1]) // nil is no error
	if errors.Is(Supported(method), ErrNotSupported) && errors.Is(err, ErrNotSupported) {
		return
	}
	if op := (*OpError)(nil); !errors.Is(err, fs.ErrClosed) || !errors.As(err, &op) {
		t.Errorf("%s after Close: %v, want an OpError that wraps fs.ErrClosed", method, err)
	}
}
