/* The records of process tables, in our own words: what each system's headers
 * declare, with the same types in the same order. Tests hold the offset tables
 * against what clang makes of it. */
typedef unsigned char u8;
typedef signed char i8;
typedef unsigned short u16;
typedef short i16;
typedef unsigned int u32;
typedef int i32;
typedef unsigned long long u64;
typedef long long i64;

#if defined(__FreeBSD__)
#if defined(__i386__)
typedef i32 seconds;
#else
typedef i64 seconds;
#endif
struct timeval { seconds tv_sec; long tv_usec; };
struct rusage {
	struct timeval ru_utime, ru_stime;
	long ru_maxrss, ru_ixrss, ru_idrss, ru_isrss, ru_minflt, ru_majflt, ru_nswap, ru_inblock, ru_oublock;
	long ru_msgsnd, ru_msgrcv, ru_nsignals, ru_nvcsw, ru_nivcsw;
};
struct record {
	i32 ki_structsize, ki_layout;
	void *pointers[8];
	i32 ki_pid, ki_ppid, ki_pgid, ki_tpgid, ki_sid, ki_tsid;
	i16 ki_jobc, spare1;
	u32 ki_tdev_freebsd11;
	u32 signals[16];
	u32 ki_uid, ki_ruid, ki_svuid, ki_rgid, ki_svgid;
	i16 ki_ngroups, spare2;
	u32 ki_groups[16];
	unsigned long ki_size;
	long ki_rssize, ki_swrss, ki_tsize, ki_dsize, ki_ssize;
	u16 ki_xstat, ki_acflag;
	u32 ki_pctcpu, ki_estcpu, ki_slptime, ki_swtime, ki_cow;
	u64 ki_runtime;
	struct timeval ki_start, ki_childtime;
	long ki_flag, ki_kiflag;
	i32 ki_traceflag;
	i8 ki_stat, ki_nice, ki_lock, ki_rqindex;
	u8 ki_oncpu_old, ki_lastcpu_old;
	char ki_tdname[17], ki_wmesg[9], ki_login[18], ki_lockname[9], ki_comm[20], ki_emul[17], ki_loginclass[18];
	char ki_moretdname[4], ki_sparestrings[46];
	i32 ki_spareints[2];
	u64 ki_tdev;
	i32 ki_oncpu, ki_lastcpu, ki_tracer, ki_flag2, ki_fibnum;
	u32 ki_cr_flags;
	i32 ki_jid, ki_numthreads, ki_tid;
	u8 ki_pri[4];
	struct rusage ki_rusage, ki_rusage_ch;
	void *ki_pcb, *ki_kstack, *ki_udata, *ki_tdaddr;
	void *spare_pointers[6];
	long spare_longs[12], ki_sflag, ki_tdflags;
};

#elif defined(__OpenBSD__)
struct record {
	u64 addresses[12];
	i32 p_eflag, p_exitsig, p_flag, p_pid, p_ppid, p_sid, p__pgid, p_tpgid;
	u32 p_uid, p_ruid, p_gid, p_rgid, p_groups[16];
	i16 p_ngroups, p_jobc;
	u32 p_tdev, p_estcpu, p_rtime_sec, p_rtime_usec;
	i32 p_cpticks;
	u32 p_pctcpu, p_swtime, p_slptime;
	i32 p_schedflags;
	u64 p_uticks, p_sticks, p_iticks, p_tracep;
	i32 p_traceflag, p_holdcnt, p_siglist;
	u32 p_sigmask, p_sigignore, p_sigcatch;
	i8 p_stat;
	u8 p_priority, p_usrpri, p_nice;
	u16 p_xstat, p_acflag;
	char p_comm[24], p_wmesg[8];
	u64 p_wchan;
	char p_login[32];
	i32 p_vm_rssize, p_vm_tsize, p_vm_dsize, p_vm_ssize;
	i64 p_uvalid;
	u64 p_ustart_sec;
	u32 p_ustart_usec, p_uutime_sec, p_uutime_usec, p_ustime_sec, p_ustime_usec;
	u64 p_uru_maxrss, p_uru_ixrss, p_uru_idrss, p_uru_isrss, p_uru_minflt, p_uru_majflt, p_uru_nswap, p_uru_inblock;
	u64 p_uru_oublock, p_uru_msgsnd, p_uru_msgrcv, p_uru_nsignals, p_uru_nvcsw, p_uru_nivcsw;
	u32 p_uctime_sec, p_uctime_usec, p_psflags, p_spare, p_svuid, p_svgid;
	char p_emul[8];
	u64 p_rlim_rss_cur, p_cpuid, p_vm_map_size;
	i32 p_tid;
	u32 p_rtableid;
};

#elif defined(__NetBSD__)
/* Every number has a fixed width, and those of 64 bits lie at multiples of 8. */
typedef u64 w64 __attribute__((aligned(8)));
struct record {
	w64 addresses[13];
	i32 p_eflag, p_exitsig, p_flag, p_pid, p_ppid, p_sid, p__pgid, p_tpgid;
	u32 p_uid, p_ruid, p_gid, p_rgid, p_groups[16];
	i16 p_ngroups, p_jobc;
	u32 p_tdev, p_estcpu, p_rtime_sec, p_rtime_usec;
	i32 p_cpticks;
	u32 p_pctcpu, p_swtime, p_slptime;
	i32 p_schedflags;
	w64 p_uticks, p_sticks, p_iticks, p_tracep;
	i32 p_traceflag, p_holdcnt;
	u32 signals[16];
	i8 p_stat;
	u8 p_priority, p_usrpri, p_nice;
	u16 p_xstat, p_acflag;
	char p_comm[24], p_wmesg[8];
	w64 p_wchan;
	char p_login[24];
	i32 p_vm_rssize, p_vm_tsize, p_vm_dsize, p_vm_ssize;
	w64 p_uvalid;
	u32 p_ustart_sec, p_ustart_usec, p_uutime_sec, p_uutime_usec, p_ustime_sec, p_ustime_usec;
	w64 p_uru_maxrss, p_uru_ixrss, p_uru_idrss, p_uru_isrss, p_uru_minflt, p_uru_majflt, p_uru_nswap, p_uru_inblock;
	w64 p_uru_oublock, p_uru_msgsnd, p_uru_msgrcv, p_uru_nsignals, p_uru_nvcsw, p_uru_nivcsw;
	u32 p_uctime_sec, p_uctime_usec;
	w64 p_cpuid, p_realflag, p_nlwps, p_nrlwps, p_realstat;
	u32 p_svuid, p_svgid;
	char p_ename[16];
	w64 p_vm_vsize, p_vm_msize;
};

#elif defined(__APPLE__)
struct timeval { i64 tv_sec; i32 tv_usec; };
struct record {
	struct timeval p_starttime;
	void *p_vmspace, *p_sigacts;
	i32 p_flag;
	i8 p_stat;
	i32 p_pid, p_oppid, p_dupfd;
	void *user_stack, *exit_thread;
	i32 p_debugger, sigwait;
	u32 p_estcpu;
	i32 p_cpticks;
	u32 p_pctcpu;
	void *p_wchan, *p_wmesg;
	u32 p_swtime, p_slptime;
	struct timeval p_realtimer[2], p_rtime;
	u64 p_uticks, p_sticks, p_iticks;
	i32 p_traceflag;
	void *p_tracep;
	i32 p_siglist;
	void *p_textvp;
	i32 p_holdcnt;
	u32 p_sigmask, p_sigignore, p_sigcatch;
	u8 p_priority, p_usrpri;
	i8 p_nice;
	char p_comm[17];
	void *p_pgrp, *p_addr;
	u16 p_xstat, p_acflag;
	void *p_ru;
	void *e_paddr, *e_sess;
	char pc_lock[72];
	void *pc_ucred;
	u32 p_ruid, p_svuid, p_rgid, p_svgid;
	i32 p_refcnt;
	struct { i32 cr_ref; u32 cr_uid; i16 cr_ngroups; u32 cr_groups[16]; } e_ucred __attribute__((aligned(8)));
	struct { i32 dummy; void *dummy2; i32 dummy3[5]; void *dummy4[3]; } e_vm;
	i32 e_ppid, e_pgid;
	i16 e_jobc;
	i32 e_tdev, e_tpgid;
	void *e_tsess;
	char e_wmesg[8];
	i32 e_xsize;
	i16 e_xrssize, e_xccount, e_xswrss;
	i32 e_flag;
	char e_login[12];
	i32 e_spare[4];
};
struct bsdinfo {
	u32 pbi_flags, pbi_status, pbi_xstatus, pbi_pid, pbi_ppid, pbi_uid, pbi_gid, pbi_ruid, pbi_rgid, pbi_svuid, pbi_svgid, rfu;
	char pbi_comm[16], pbi_name[32];
	u32 pbi_nfiles, pbi_pgid, pbi_pjobc, e_tdev, e_tpgid;
	i32 pbi_nice;
	u64 pbi_start_tvsec, pbi_start_tvusec;
};
struct shortinfo {
	u32 pbsi_pid, pbsi_ppid, pbsi_pgid, pbsi_status;
	char pbsi_comm[16];
	u32 pbsi_flags, pbsi_uid, pbsi_gid, pbsi_ruid, pbsi_rgid, pbsi_svuid, pbsi_svgid, rfu;
};
#endif
