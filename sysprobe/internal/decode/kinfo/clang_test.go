package kinfo

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// members are the members of the structures that the fields of a layout are, by
// system: "field member".
var members = map[string]string{
	"freebsd": `StructSize ki_structsize, Version ki_layout, PID ki_pid, PPID ki_ppid, PGID ki_pgid, SID ki_sid, TID ki_tid, TTY ki_tdev,
		UID ki_uid, RUID ki_ruid, SUID ki_svuid, RGID ki_rgid, SGID ki_svgid, Groups ki_ngroups, GID ki_groups[0],
		Stat ki_stat, Nice ki_nice, Flags ki_flag, Name ki_comm, Login ki_login, WaitChannel ki_wmesg,
		ThreadName ki_tdname, ThreadNameRest ki_moretdname, ThreadFlags ki_tdflags, RSS ki_rssize, Text ki_tsize, Data ki_dsize, Stack ki_ssize,
		VirtualBytes ki_size, ExitStatus ki_xstat, OnCPU ki_oncpu, LastCPU ki_lastcpu, JID ki_jid, Threads ki_numthreads,
		MaxRSS ki_rusage.ru_maxrss, MinorFaults ki_rusage.ru_minflt, MajorFaults ki_rusage.ru_majflt,
		ReadBlocks ki_rusage.ru_inblock, WriteBlocks ki_rusage.ru_oublock,
		VoluntarySwitches ki_rusage.ru_nvcsw, InvoluntarySwitches ki_rusage.ru_nivcsw,
		Start.sec ki_start.tv_sec, Start.usec ki_start.tv_usec, RunTime.usec ki_runtime,
		ChildTime.sec ki_childtime.tv_sec, ChildTime.usec ki_childtime.tv_usec,
		UserTime.sec ki_rusage.ru_utime.tv_sec, UserTime.usec ki_rusage.ru_utime.tv_usec,
		SystemTime.sec ki_rusage.ru_stime.tv_sec, SystemTime.usec ki_rusage.ru_stime.tv_usec`,
	"openbsd": kinfoProc + `, Flags p_psflags, TID p_tid`,
	"netbsd":  kinfoProc + `, Flags p_flag, RealStat p_realstat, Threads p_nlwps, VirtualPages p_vm_vsize`,
	"darwin": `PID p_pid, PPID e_ppid, PGID e_pgid, TTY e_tdev, UID e_ucred.cr_uid, RUID p_ruid, SUID p_svuid, RGID p_rgid, SGID p_svgid,
		Groups e_ucred.cr_ngroups, GID e_ucred.cr_groups[0], Stat p_stat, Nice p_nice, Flags p_flag, Name p_comm, Login e_login,
		ExitStatus p_xstat, Start.sec p_starttime.tv_sec, Start.usec p_starttime.tv_usec`,
	"darwin bsdinfo": `PID pbi_pid, PPID pbi_ppid, PGID pbi_pgid, TTY e_tdev, UID pbi_uid, GID pbi_gid, RUID pbi_ruid, RGID pbi_rgid,
		SUID pbi_svuid, SGID pbi_svgid, Stat pbi_status, Nice pbi_nice, Flags pbi_flags, Name pbi_comm, LongName pbi_name,
		ExitStatus pbi_xstatus, Start.sec pbi_start_tvsec, Start.usec pbi_start_tvusec`,
	"darwin shortinfo": `PID pbsi_pid, PPID pbsi_ppid, PGID pbsi_pgid, UID pbsi_uid, GID pbsi_gid, RUID pbsi_ruid, RGID pbsi_rgid,
		SUID pbsi_svuid, SGID pbsi_svgid, Stat pbsi_status, Flags pbsi_flags, Name pbsi_comm`,
}

// kinfoProc is what kinfo_proc of OpenBSD and kinfo_proc2 of NetBSD share.
const kinfoProc = `PID p_pid, PPID p_ppid, PGID p__pgid, SID p_sid, TTY p_tdev, UID p_uid, RUID p_ruid, SUID p_svuid,
	GID p_gid, RGID p_rgid, SGID p_svgid, Stat p_stat, Nice p_nice, Name p_comm, Login p_login, WaitChannel p_wmesg,
	RSS p_vm_rssize, Text p_vm_tsize, Data p_vm_dsize, Stack p_vm_ssize, ExitStatus p_xstat, UsageValid p_uvalid, LastCPU p_cpuid,
	MaxRSS p_uru_maxrss, MinorFaults p_uru_minflt, MajorFaults p_uru_majflt, ReadBlocks p_uru_inblock, WriteBlocks p_uru_oublock,
	VoluntarySwitches p_uru_nvcsw, InvoluntarySwitches p_uru_nivcsw,
	Start.sec p_ustart_sec, Start.usec p_ustart_usec, RunTime.sec p_rtime_sec, RunTime.usec p_rtime_usec,
	ChildTime.sec p_uctime_sec, ChildTime.usec p_uctime_usec, UserTime.sec p_uutime_sec, UserTime.usec p_uutime_usec,
	SystemTime.sec p_ustime_sec, SystemTime.usec p_ustime_usec`

// TestLayoutsAgainstClang holds the place and the size of every field against
// those that clang gives the structures of testdata/kinfo.h.
func TestLayoutsAgainstClang(t *testing.T) {
	header, err := os.ReadFile("testdata/kinfo.h")
	if err != nil {
		t.Fatal(err)
	}
	for target, triple := range sysprobetest.Targets() {
		goos, goarch, _ := strings.Cut(target, "/")
		source := string(header)
		for structure, name := range map[string]string{"record": goos, "bsdinfo": "darwin bsdinfo", "shortinfo": "darwin shortinfo"} {
			l := layouts[name]
			if structure == "record" {
				l, _ = LayoutOf(goos, goarch)
			} else if goos != "darwin" {
				continue
			}
			source += assertions(t, structure, &l, members[name])
		}
		sysprobetest.CompileC(t, triple, source)
	}
}

// assertions are what has to hold of a structure.
func assertions(t *testing.T, structure string, l *Layout, members string) string {
	t.Helper()
	text := fmt.Sprintf("_Static_assert(sizeof(struct %s) == %d, \"size\");\n", structure, l.Size)
	fields := fieldsOf(l)
	for pair := range strings.SplitSeq(members, ",") {
		words := strings.Fields(pair)
		f, ok := fields[words[0]]
		if !ok || f.Size == 0 {
			t.Fatalf("%s has no %s", structure, words[0])
		}
		delete(fields, words[0])
		text += fmt.Sprintf("_Static_assert(__builtin_offsetof(struct %s, %s) == %d, \"place of %s\");\n", structure, words[1], f.At, words[0])
		text += fmt.Sprintf("_Static_assert(sizeof(((struct %s *)0)->%s) == %d, \"size of %s\");\n", structure, words[1], f.Size, words[0])
	}
	for name, f := range fields {
		if f.Size > 0 {
			t.Errorf("%s: nothing checks %s", structure, name)
		}
	}
	return text
}
