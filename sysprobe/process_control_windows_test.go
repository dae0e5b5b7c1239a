package sysprobe

import (
	"errors"
	"io/fs"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/windows"
)

// openChild opens a child that waits.
func openChild(t *testing.T) *Process {
	t.Helper()
	p, err := FindProcess(t.Context(), int32(startChild(t).Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// TestI17SetPriority sets each of psutil's priority classes, and reads it from the
// process. Wine 8 has other base priorities in its table than Windows.
func TestI17SetPriority(t *testing.T) {
	p := openChild(t)
	for _, class := range []PriorityClass{PriorityIdle, PriorityBelowNormal, PriorityAboveNormal, PriorityHigh, PriorityNormal} {
		if err := p.SetPriority(class); err != nil {
			t.Errorf("%v: %v", class, err)
		}
		if got, err := p.Priority(t.Context()); err != nil || got != class {
			t.Errorf("class %v, %v, want %v", got, err, class)
		}
	}
	if err := p.SetPriority(0x1234); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a class that there is not: %v", err)
	}
	if err := p.SetNice(5); !errors.Is(err, ErrNotSupported) {
		t.Errorf("a nice value: %v, want ErrNotSupported", err)
	}
}

func TestSetAffinityOfWindows(t *testing.T) {
	p := openChild(t)
	all, err := p.Affinity(t.Context())
	if err != nil || len(all) != min(runtime.NumCPU(), 64) {
		t.Fatalf("affinity %v, %v, want all processors", all, err)
	}
	for _, tt := range []struct {
		cpus, want []int
		err        error
	}{
		{cpus: []int{0}, want: []int{0}},
		{cpus: []int{63, 0, 200}, want: []int{0}}, // what there is not is left out
		{cpus: []int{200}, want: []int{0}, err: fs.ErrInvalid},
		{cpus: []int{-1}, want: []int{0}, err: fs.ErrInvalid},
		{cpus: nil, want: []int{0}, err: fs.ErrInvalid},
		{cpus: all, want: all},
	} {
		if err := p.SetAffinity(tt.cpus); !errors.Is(err, tt.err) {
			t.Errorf("%v: %v, want %v", tt.cpus, err, tt.err)
		}
		if got, err := p.Affinity(t.Context()); err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("affinity %v, %v, want %v", got, err, tt.want)
		}
	}
}

// TestSetIOPriorityOfWindows has a class of NtSetInformationProcess that Wine 8 does
// not know: it must say so, or have done it.
func TestSetIOPriorityOfWindows(t *testing.T) {
	p := openChild(t)
	for _, priority := range []IOPriority{{}, {Class: IOPrioBE, Level: 4}, {Hint: Some(IOHint(9))}} {
		if err := p.SetIOPriority(priority); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%+v: %v, want fs.ErrInvalid", priority, err)
		}
	}
	err := p.SetIOPriority(IOPriority{Hint: Some(IOHintLow)})
	got, readErr := p.IOPriority(t.Context())
	if readErr == nil && (err != nil || got.Hint != Some(IOHintLow)) {
		t.Errorf("I/O priority %+v, %v", got, err)
	}
	if readErr != nil && !errors.Is(readErr, windows.STATUS_NOT_IMPLEMENTED) && !errors.Is(readErr, windows.STATUS_INVALID_INFO_CLASS) {
		t.Errorf("%v, %v", err, readErr)
	}
}

func TestSuspendOfWindows(t *testing.T) {
	p := openChild(t)
	if err := p.Suspend(); err != nil {
		t.Error(err)
	}
	if err := p.Resume(); err != nil {
		t.Error(err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"suspend": p.Suspend(), "resume": p.Resume(), "priority": p.SetPriority(PriorityNormal), "affinity": p.SetAffinity([]int{0}),
		"I/O priority": p.SetIOPriority(IOPriority{Hint: Some(IOHintLow)}),
	} {
		if !errors.Is(err, ErrNoSuchProcess) {
			t.Errorf("%s of a process that exited: %v, want ErrNoSuchProcess", name, err)
		}
	}
}

// TestWholeExitCode has codes that wait(2) has no room for.
func TestWholeExitCode(t *testing.T) {
	for _, code := range []uint32{0, 3, 256, 0xc0000005, 0xffffffff} {
		child := startChild(t)
		p, err := FindProcess(t.Context(), int32(child.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		h, err := windows.OpenProcess(windows.PROCESS_TERMINATE, false, uint32(child.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		if err := windows.TerminateProcess(h, code); err != nil {
			t.Error(err)
		}
		if err := windows.CloseHandle(h); err != nil {
			t.Error(err)
		}
		status, err := p.Wait(t.Context())
		if got := uint32(status.Or(1).Code()); err != nil || got != code || !status.Known() {
			t.Errorf("exit %v, %v, want code %#x", status, err, code)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}
