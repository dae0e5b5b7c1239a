/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */

/*
 * The parts of the kernel's structures that the program reads, by the kernel's
 * names. Offsets here mean nothing: the loader replaces them by those of the
 * running kernel (CO-RE), which it knows from /sys/kernel/btf/vmlinux. A name
 * with ___ is another shape of the structure before the underscores.
 */
#pragma once

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed short __s16;
typedef signed int __s32;
typedef signed long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	long counter;
} atomic_long_t;

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	__u32 val;
} kgid_t;

struct cred {
	kuid_t uid, euid, suid;
	kgid_t gid, egid, sgid;
};

struct fdtable {
	unsigned int max_fds;
	unsigned long *open_fds;
};

struct files_struct {
	struct fdtable *fdt;
};

/* Each CPU holds a part of the number back: at what counters points to. */
struct percpu_counter {
	__s64 count;
	__s32 *counters;
};

/* Since Linux 6.2; one counter each for file, anon, swap and shmem pages. */
struct mm_struct {
	unsigned long total_vm, data_vm, stack_vm;
	unsigned long start_code, end_code;
	struct percpu_counter rss_stat[4];
};

struct mm_rss_stat___old {
	atomic_long_t count[4];
};

struct mm_struct___old {
	struct mm_rss_stat___old rss_stat;
};

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	struct ns_common ns;
};

struct hlist_head {
	struct hlist_node *first;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

/* One number for each level of PID namespaces, the machine's first. */
struct pid {
	unsigned int level;
	struct hlist_head tasks[4];
	struct upid numbers[1];
};

struct prev_cputime {
	__u64 utime, stime;
};

struct rlimit {
	unsigned long rlim_cur;
};

struct task_io_accounting {
	__u64 rchar, wchar, syscr, syscw, read_bytes, write_bytes, cancelled_write_bytes;
};

struct task_delay_info {
	__u64 blkio_delay;
};

typedef struct {
	unsigned int sequence;
} seqcount_t;

typedef struct {
	seqcount_t seqcount;
} seqcount_spinlock_t;

typedef struct {
	seqcount_spinlock_t seqcount;
} seqlock_t;

struct signal_struct {
	int nr_threads;
	int group_exit_code;
	unsigned int flags;
	struct pid *pids[4];
	seqlock_t stats_lock;
	__u64 utime, stime, cutime, cstime;
	struct prev_cputime prev_cputime;
	unsigned long nvcsw, nivcsw, min_flt, maj_flt;
	struct task_io_accounting ioac;
	unsigned long long sum_sched_runtime;
	struct rlimit rlim[16];
};

struct sched_entity {
	__u64 sum_exec_runtime;
};

struct thread_info {
	__u32 cpu;
};

struct list_head {
	struct list_head *next;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int __state;
	unsigned int flags;
	int exit_state, exit_code;
	int static_prio;
	unsigned int rt_priority, policy;
	struct sched_entity se;
	struct list_head tasks;
	int pid, tgid;
	unsigned int ptrace;
	struct task_struct *real_parent;
	struct task_struct *parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct mm_struct *mm;
	__u64 utime, stime;
	unsigned long nvcsw, nivcsw, min_flt, maj_flt;
	__u64 start_boottime, self_exec_id;
	const struct cred *real_cred;
	char comm[16];
	struct files_struct *files;
	struct signal_struct *signal;
	struct task_io_accounting ioac;
	struct css_set *cgroups;
	struct task_delay_info *delays;
};

/* Before Linux 5.14. */
struct task_struct___state {
	volatile long state;
};

/* Before Linux 5.16, on architectures that had it here. */
struct task_struct___cpu {
	unsigned int cpu;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 seq_num;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct super_block {
	unsigned long s_magic;
};

struct inode {
	unsigned long i_ino;
	struct super_block *i_sb;
};

struct file {
	struct inode *f_inode;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

/* What maps of the type array are (include/linux/bpf.h). */
struct bpf_array {
	void *pptrs[0];
};

#pragma clang attribute pop

/* include/linux/sched.h, include/linux/sched/signal.h, include/linux/pid_types.h */
#define PF_KTHREAD 0x00200000
#define EXIT_DEAD 0x10
#define EXIT_ZOMBIE 0x20
#define SIGNAL_STOP_STOPPED 0x1
#define SIGNAL_GROUP_EXIT 0x4
#define PIDTYPE_TGID 1
#define PIDTYPE_PGID 2
#define PIDTYPE_SID 3

/* include/uapi/asm-generic/resource.h; MIPS and SPARC have another one. */
#define RLIMIT_NOFILE 7

/* include/uapi/linux/magic.h */
#define SOCKFS_MAGIC 0x534F434B

/* include/uapi/linux/bpf.h */
#define BPF_MAP_TYPE_HASH 1
#define BPF_MAP_TYPE_PERCPU_ARRAY 6
#define BPF_NOEXIST 1

/* kernel/bpf/task_iter.c, since Linux 6.7 */
#define BPF_TASK_ITER_PROC_THREADS 2

struct bpf_iter_task {
	__u64 opaque[3];
};

extern int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task, unsigned int flags) __ksym __weak;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym __weak;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym __weak;

extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;
