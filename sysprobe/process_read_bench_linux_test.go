package sysprobe

import (
	"context"
	"os/exec"
	"testing"
)

// BenchmarkProcessRead reads 17 attributes of psutil: name, exe, cmdline, cwd, ppid,
// status, create_time, uids, gids, nice, ionice, cpu_affinity, num_threads,
// cpu_times, memory_info, num_ctx_switches and terminal.
func BenchmarkProcessRead(b *testing.B) {
	cmd := exec.Command("sleep", "600")
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer cmd.Wait()         //nolint:errcheck // it is killed
	defer cmd.Process.Kill() //nolint:errcheck // it lives
	procs := openTableBy(b, &Config{Backend: BackendProcFS})
	p := openProcess(b, procs, cmd.Process.Pid)
	const facts = WantCmdline | WantExe | WantCwd | WantTerminal | WantAffinity | WantIOPriority
	for name, ctx := range map[string]context.Context{"context that ends": b.Context(), "background": context.Background()} {
		b.Run(name, func(b *testing.B) {
			var info ProcessInfo
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Read(ctx, &info, WantName|WantStatus|WantMemory, facts); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
