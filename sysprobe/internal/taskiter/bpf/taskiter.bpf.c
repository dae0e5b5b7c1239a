/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */

/*
 * Writes a record for every process when the iterator is read, and a last one
 * that proves the pass complete. The kernel runs the program for every thread,
 * in the order of the IDs, and again for the same one where its output did not
 * fit: it must not keep anything. No lock is taken: a reader cannot hang on a
 * stuck process, but may see one in the middle of a change.
 *
 * There are two programs, of which the loader keeps the first that the kernel
 * takes:
 *   processes sums up the threads itself (Linux 6.7);
 *   threads   writes a record for every further thread (Linux 5.8).
 */
#include "kernel.h"

char _license[] SEC("license") = "Dual MIT/GPL";

/* Set by the reader: count the open files too. */
volatile __u32 want_files;

/* What the threads of a process have together. */
struct sums {
	__u64 utime, stime, runtime;
	__u64 min_flt, maj_flt;
	__u64 nvcsw, nivcsw;
	__u64 rchar, wchar, syscr, syscw, read_bytes, write_bytes;
};

/*
 * The records, which sysprobe/internal/decode/taskrec decodes: their size tells
 * them apart, and no compiler may pad them.
 */
struct thread {
	__u32 size;
	__u32 tgid, tid;
	__u32 state;
	struct sums sums;
};

struct process {
	struct thread head;
	__u64 leader_nvcsw, leader_nivcsw;
	__u64 start, exec_id, cgroup, blkio_delay;
	__u64 prev_utime, prev_stime;
	__u64 cutime, cstime;
	__u64 total_vm, data_vm, stack_vm, start_code, end_code;
	__u64 rss[4];
	__u32 ppid, group, session;
	__u32 flags, threads, cpu;
	__s32 static_prio;
	__u32 rt_priority, policy, exit_code;
	__u32 uid, euid, suid, gid, egid, sgid;
	__u32 files, live_state, notes, zero;
	char comm[16];
};

struct end {
	__u32 size, zero;
};

_Static_assert(sizeof(struct thread) == 120, "record of a thread");
_Static_assert(sizeof(struct process) == 368, "record of a process");

/* Bits of process.notes. */
#define NOTE_TORN 1	   /* a thread ended while the sums were read */
#define NOTE_LIVE 2	   /* live_state is that of a thread that lives */
#define NOTE_FILES 4	   /* files were counted */
#define NOTE_USER_MEMORY 8 /* there is an address space */

static __always_inline __u32 state_of(struct task_struct *t)
{
	struct task_struct___state *old = (void *)t;

	if (bpf_core_field_exists(t->__state))
		return t->__state | t->exit_state;
	return old->state | t->exit_state;
}

static __always_inline __u32 cpu_of(struct task_struct *t)
{
	struct task_struct___cpu *old = (void *)t;

	if (bpf_core_field_exists(t->thread_info.cpu))
		return t->thread_info.cpu;
	if (bpf_core_field_exists(old->cpu))
		return old->cpu;
	return 0;
}

static __always_inline unsigned int sequence_of(struct signal_struct *s)
{
	return *(volatile unsigned int *)&s->stats_lock.seqcount.seqcount.sequence;
}

#define ADD_COUNTERS(sums, from)                               \
	do {                                                   \
		(sums)->utime += (from)->utime;                \
		(sums)->stime += (from)->stime;                \
		(sums)->min_flt += (from)->min_flt;            \
		(sums)->maj_flt += (from)->maj_flt;            \
		(sums)->nvcsw += (from)->nvcsw;                \
		(sums)->nivcsw += (from)->nivcsw;              \
		if (!bpf_core_field_exists((from)->ioac))      \
			break;                                 \
		(sums)->rchar += (from)->ioac.rchar;           \
		(sums)->wchar += (from)->ioac.wchar;           \
		(sums)->syscr += (from)->ioac.syscr;           \
		(sums)->syscw += (from)->ioac.syscw;           \
		(sums)->read_bytes += (from)->ioac.read_bytes; \
		(sums)->write_bytes += (from)->ioac.write_bytes; \
	} while (0)

static __always_inline void add_thread(struct sums *sums, struct task_struct *t)
{
	sums->runtime += t->se.sum_exec_runtime;
	ADD_COUNTERS(sums, t);
}

/* signal_struct has what the threads that are gone left behind. */
static __always_inline void add_dead(struct sums *sums, struct signal_struct *s)
{
	sums->runtime += s->sum_sched_runtime;
	ADD_COUNTERS(sums, s);
}

static __always_inline __u32 ones(__u64 x)
{
	x -= (x >> 1) & 0x5555555555555555;
	x = (x & 0x3333333333333333) + ((x >> 2) & 0x3333333333333333);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return (x * 0x0101010101010101) >> 56;
}

/* A part of a table of descriptors: 256 of them, as many as most ever have. */
#define CHUNK 4
#define CHUNKS 512

static __always_inline void count_files(struct process *p, struct task_struct *t)
{
	struct files_struct *files;
	struct fdtable *table;
	unsigned long *bits;
	__u64 words[CHUNK];
	__u32 left, n = 0;

	/* Kernel threads share the files of the first process. */
	files = p->flags & PF_KTHREAD ? 0 : t->files;
	p->notes |= NOTE_FILES;
	if (!files)
		return;
	table = BPF_CORE_READ(files, fdt);
	left = BPF_CORE_READ(table, max_fds) / 64;
	bits = BPF_CORE_READ(table, open_fds);
	/* Tables grow by powers of two from 64. */
	if (left < CHUNK) {
		if (!bpf_probe_read_kernel(words, sizeof(words[0]), bits))
			p->files = ones(words[0]);
		if (left < 2)
			return;
		if (!bpf_probe_read_kernel(words, sizeof(words[0]), bits + 1))
			p->files += ones(words[0]);
		return;
	}
	for (int i = 0; i < CHUNKS; i++) {
		if (left < CHUNK)
			break;
		left -= CHUNK;
		if (bpf_probe_read_kernel(words, sizeof(words), bits + i * CHUNK))
			break;
		n += ones(words[0]) + ones(words[1]) + ones(words[2]) + ones(words[3]);
	}
	p->files = n;
	if (left)
		p->notes &= ~NOTE_FILES;
}

static __always_inline void read_memory(struct process *p, struct task_struct *t)
{
	struct mm_struct *mm;

	/* A kernel thread may borrow one. */
	if (p->flags & PF_KTHREAD)
		return;
	mm = t->mm;
	if (!mm)
		return;
	p->notes |= NOTE_USER_MEMORY;
	p->total_vm = mm->total_vm;
	p->data_vm = mm->data_vm;
	p->stack_vm = mm->stack_vm;
	p->start_code = mm->start_code;
	p->end_code = mm->end_code;
	if (bpf_core_type_exists(struct mm_rss_stat___old)) {
		struct mm_struct___old *old = (void *)mm;

		bpf_core_read(&p->rss, sizeof(p->rss), &old->rss_stat.count);
		return;
	}
	p->rss[0] = mm->rss_stat[0].count;
	p->rss[1] = mm->rss_stat[1].count;
	p->rss[2] = mm->rss_stat[2].count;
	p->rss[3] = mm->rss_stat[3].count;
}

static __always_inline void read_owner(struct process *p, struct task_struct *t)
{
	const struct cred *cred = t->real_cred;

	p->uid = cred->uid.val;
	p->euid = cred->euid.val;
	p->suid = cred->suid.val;
	p->gid = cred->gid.val;
	p->egid = cred->egid.val;
	p->sgid = cred->sgid.val;
}

static __always_inline void read_task(struct process *p, struct task_struct *t)
{
	p->head.tgid = t->tgid;
	p->head.tid = t->pid;
	p->head.state = state_of(t);
	p->flags = t->flags;
	p->leader_nvcsw = t->nvcsw;
	p->leader_nivcsw = t->nivcsw;
	p->start = t->start_boottime;
	p->exec_id = t->self_exec_id;
	p->cgroup = t->cgroups->dfl_cgrp->kn->id;
	if (bpf_core_field_exists(t->delays) && t->delays)
		p->blkio_delay = t->delays->blkio_delay;
	p->ppid = t->real_parent->tgid;
	p->cpu = cpu_of(t);
	p->static_prio = t->static_prio;
	p->rt_priority = t->rt_priority;
	p->policy = t->policy;
	p->exit_code = t->exit_code;
	bpf_core_read(&p->comm, sizeof(p->comm), &t->comm);
}

static __always_inline void read_signal(struct process *p, struct signal_struct *s)
{
	p->threads = s->nr_threads;
	p->group = s->pids[PIDTYPE_PGID]->numbers[0].nr;
	p->session = s->pids[PIDTYPE_SID]->numbers[0].nr;
	p->prev_utime = s->prev_cputime.utime;
	p->prev_stime = s->prev_cputime.stime;
	p->cutime = s->cutime;
	p->cstime = s->cstime;
	if (s->flags & (SIGNAL_GROUP_EXIT | SIGNAL_STOP_STOPPED))
		p->exit_code = s->group_exit_code;
}

static __always_inline void add_others(struct process *p, struct task_struct *leader)
{
	struct bpf_iter_task it;
	struct task_struct *t;
	__u32 state;

	bpf_iter_task_new(&it, leader, BPF_TASK_ITER_PROC_THREADS);
	while ((t = bpf_iter_task_next(&it))) {
		if (t->pid == t->tgid)
			continue;
		add_thread(&p->head.sums, t);
		if (p->notes & NOTE_LIVE)
			continue;
		state = state_of(t);
		if (state & (EXIT_DEAD | EXIT_ZOMBIE))
			continue;
		p->live_state = state;
		p->notes |= NOTE_LIVE;
	}
	bpf_iter_task_destroy(&it);
}

static __always_inline void read_process(struct process *p, struct task_struct *t, int sum)
{
	struct signal_struct *s = t->signal;
	unsigned int sequence = sequence_of(s);

	p->head.size = sizeof(*p);
	read_task(p, t);
	read_signal(p, s);
	read_owner(p, t);
	read_memory(p, t);
	add_dead(&p->head.sums, s);
	add_thread(&p->head.sums, t);
	if (sum && p->threads > 1)
		add_others(p, t);
	if (sequence & 1 || sequence != sequence_of(s))
		p->notes |= NOTE_TORN;
	if (want_files)
		count_files(p, t);
}

static __always_inline void write_end(struct seq_file *seq)
{
	struct end end = {.size = sizeof(end)};

	bpf_seq_write(seq, &end, sizeof(end));
}

SEC("iter/task")
int processes(struct bpf_iter__task *ctx)
{
	/* Each load of it is another pointer to the verifier. */
	struct task_struct *t = ctx->task;

	if (!t) {
		write_end(ctx->meta->seq);
		return 0;
	}
	if (t->pid == t->tgid) {
		struct process p = {};

		read_process(&p, t, 1);
		bpf_seq_write(ctx->meta->seq, &p, sizeof(p));
	}
	return 0;
}

SEC("iter/task")
int threads(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task;
	struct process p = {}; /* and, as its head, a thread: the stack has no room for two */

	if (!t) {
		write_end(ctx->meta->seq);
		return 0;
	}
	if (t->pid == t->tgid) {
		read_process(&p, t, 0);
		bpf_seq_write(ctx->meta->seq, &p, sizeof(p));
		return 0;
	}
	p.head.size = sizeof(p.head);
	p.head.tgid = t->tgid;
	p.head.tid = t->pid;
	p.head.state = state_of(t);
	add_thread(&p.head.sums, t);
	bpf_seq_write(ctx->meta->seq, &p, sizeof(p.head));
	return 0;
}
