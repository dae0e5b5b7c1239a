/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */

/*
 * The iterator: writes a record for every process when it is read, and a last one
 * that proves the pass complete. The kernel runs the program for every thread,
 * in the order of the IDs, and again for the same one where its output did not
 * fit: it must not keep anything. No lock is taken: a reader cannot hang on a
 * stuck process, but may see one in the middle of a change.
 *
 * There are two such programs:
 *   processes sums up the threads itself (Linux 6.7);
 *   threads   writes a record for every further thread (Linux 5.8), and can pass
 *             over processes that live.
 * Of the whole table the loader keeps the first that the kernel takes.
 */
#include "ahead.h"
#include "end.h"
#include "ended.h"
#include "kernel.h"
#include "numbers.h"
#include "percpu.h"
#include "sums.h"
#include "wants.h"

char _license[] SEC("license") = "Dual MIT/GPL";

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
	__u64 files_limit;
	__s64 rss[4];
	__u32 ppid, group, session;
	__u32 flags, threads, cpu;
	__s32 static_prio;
	__u32 rt_priority, policy, exit_code;
	__u32 uid, euid, suid, gid, egid, sgid;
	__u32 files, live_state, notes;
	__u32 own_pid, pid_namespace, tracer;
	char comm[16];
};

_Static_assert(sizeof(struct thread) == 128, "record of a thread");
_Static_assert(sizeof(struct process) == 392, "record of a process");

/*
 * The record at work: the stack has no room for it. There is one reader at a
 * time, and the next call overwrites it.
 */
struct process record;

/* Bits of process.notes. */
#define NOTE_TORN 1	   /* a thread ended while the sums were read */
#define NOTE_LIVE 2	   /* live_state is that of a thread that lives */
#define NOTE_FILES 4	   /* files were counted */
#define NOTE_USER_MEMORY 8 /* there is an address space */
#define NOTE_EXACT 16	   /* rss has what CPUs hold back, too */
#define NOTE_ALONE 32	   /* the pass has no records of other threads */

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

/* Sets what the process calls itself, and where. */
static __always_inline void read_own_pid(struct process *p, struct task_struct *t)
{
	struct pid *pid = t->thread_pid;
	struct upid *own;

	if (!pid->level) {
		p->own_pid = pid->numbers[0].nr;
		p->pid_namespace = pid->numbers[0].ns->ns.inum;
		return;
	}
	bpf_core_read(&pid, sizeof(pid), &t->thread_pid);
	own = number_at(pid, BPF_CORE_READ(pid, level));
	p->own_pid = BPF_CORE_READ(own, nr);
	p->pid_namespace = BPF_CORE_READ(own, ns, ns.inum);
}

static __always_inline void read_relatives(struct process *p, struct task_struct *t, struct signal_struct *s)
{
	struct pid *pid;

	if (!level) {
		p->ppid = t->real_parent->tgid;
		p->tracer = t->ptrace ? t->parent->tgid : 0;
		p->group = s->pids[PIDTYPE_PGID]->numbers[0].nr;
		p->session = s->pids[PIDTYPE_SID]->numbers[0].nr;
		return;
	}
	bpf_core_read(&pid, sizeof(pid), &t->real_parent->signal->pids[PIDTYPE_TGID]);
	p->ppid = number_of(pid);
	p->tracer = 0;
	if (t->ptrace) { /* its tracer is its parent then */
		bpf_core_read(&pid, sizeof(pid), &t->parent->signal->pids[PIDTYPE_TGID]);
		p->tracer = number_of(pid);
	}
	bpf_core_read(&pid, sizeof(pid), &s->pids[PIDTYPE_PGID]);
	p->group = number_of(pid);
	bpf_core_read(&pid, sizeof(pid), &s->pids[PIDTYPE_SID]);
	p->session = number_of(pid);
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

/*
 * Adds what the CPUs hold back of the counters of memory (Linux 6.4). The verifier
 * follows each turn of the loops, so that none costs a call.
 */
static __always_inline void add_held(struct process *p, struct mm_struct *mm)
{
	__u64 at[4] = {
		(__u64)mm->rss_stat[0].counters, (__u64)mm->rss_stat[1].counters,
		(__u64)mm->rss_stat[2].counters, (__u64)mm->rss_stat[3].counters,
	};
	__s64 held[4] = {};
	__s32 part;

	/* They are made together, but the kernel does not promise that. */
	if (at[1] - at[0] == 4 && at[2] - at[0] == 8 && at[3] - at[0] == 12) {
		for (__u32 cpu = 0; cpu < MAX_CPUS && cpu < cpus; cpu++) {
			/* A load costs less than the function that the next lines call. */
			struct prev_cputime *numbers = two_numbers(at[0] + cpu_offset[cpu]);
			__u64 low = numbers->utime, high = numbers->stime;

			held[0] += (__s32)low;
			held[1] += (__s32)(low >> 32);
			held[2] += (__s32)high;
			held[3] += (__s32)(high >> 32);
		}
	} else {
		for (__u32 cpu = 0; cpu < MAX_CPUS && cpu < cpus; cpu++) {
			for (int i = 0; i < 4; i++) {
				if (bpf_probe_read_kernel(&part, sizeof(part), (void *)(at[i] + cpu_offset[cpu])))
					return;
				held[i] += part;
			}
		}
	}
	p->rss[0] += held[0];
	p->rss[1] += held[1];
	p->rss[2] += held[2];
	p->rss[3] += held[3];
	p->notes |= NOTE_EXACT;
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
	if (want_memory) {
		p->data_vm = mm->data_vm;
		p->stack_vm = mm->stack_vm;
		p->start_code = mm->start_code;
		p->end_code = mm->end_code;
	}
	if (bpf_core_type_exists(struct mm_rss_stat___old)) {
		struct mm_struct___old *old = (void *)mm;

		bpf_core_read(&p->rss, sizeof(p->rss), &old->rss_stat.count);
		p->notes |= NOTE_EXACT;
		return;
	}
	p->rss[0] = mm->rss_stat[0].count;
	p->rss[1] = mm->rss_stat[1].count;
	p->rss[2] = mm->rss_stat[2].count;
	p->rss[3] = mm->rss_stat[3].count;
	if (cpus && bpf_rdonly_cast)
		add_held(p, mm);
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
	p->head.tgid = tgid_of(t);
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
	p->prev_utime = s->prev_cputime.utime;
	p->prev_stime = s->prev_cputime.stime;
	p->cutime = s->cutime;
	p->cstime = s->cstime;
	if (want_limits)
		bpf_core_read(&p->files_limit, sizeof(p->files_limit), &s->rlim[RLIMIT_NOFILE].rlim_cur);
	/* Of a process that lives it is how it was stopped, or traced. */
	if (p->head.state & (EXIT_DEAD | EXIT_ZOMBIE) && s->flags & (SIGNAL_GROUP_EXIT | SIGNAL_STOP_STOPPED))
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

/* What is in a record of a process. */
enum parts {
	WHOLE,	/* all */
	LEADER, /* of other threads nothing: they have records */
	PARENT, /* of other threads nothing, and no files */
};

static __always_inline void read_process(struct process *p, struct task_struct *t, enum parts parts)
{
	struct signal_struct *s = t->signal;
	unsigned int sequence = sequence_of(s);

	p->head.size = sizeof(*p);
	read_task(p, t);
	read_signal(p, s);
	read_relatives(p, t, s);
	read_own_pid(p, t);
	if (want_status)
		read_owner(p, t);
	read_memory(p, t);
	add_dead(&p->head.sums, s);
	add_thread(&p->head.sums, t);
	if (parts == WHOLE && p->threads > 1)
		add_others(p, t);
	if (parts == PARENT && p->threads > 1)
		p->notes |= NOTE_ALONE;
	if (sequence & 1 || sequence != sequence_of(s))
		p->notes |= NOTE_TORN;
	if (parts != PARENT && want_files)
		count_files(p, t);
}

static __always_inline void write_process(struct bpf_iter__task *ctx, struct task_struct *t, enum parts parts)
{
	__builtin_memset(&record, 0, sizeof(record));
	read_process(&record, t, parts);
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
}

static __always_inline void write_thread(struct bpf_iter__task *ctx, struct task_struct *t)
{
	struct thread thread = {.size = sizeof(thread)};

	thread.tgid = tgid_of(t);
	thread.tid = t->pid;
	thread.state = state_of(t);
	add_thread(&thread.sums, t);
	bpf_seq_write(ctx->meta->seq, &thread, sizeof(thread));
}

SEC("iter/task")
int processes(struct bpf_iter__task *ctx)
{
	/* Each load of it is another pointer to the verifier. */
	struct task_struct *t = ctx->task;

	if (!t) {
		write_end(ctx->meta);
		return 0;
	}
	find_reader(ctx->meta);
	if (t->pid != t->tgid)
		return 0;
	touch_ahead(t);
	write_process(ctx, t, WHOLE);
	return 0;
}

/*
 * Set by the reader: a bit for each of the processes that program threads shows
 * though they live, by the rest of their number. Others with the same rest are shown
 * too.
 */
#define KEPT 65536

volatile __u8 kept[KEPT / 8];

static __always_inline int is_shown(struct task_struct *leader)
{
	__u32 number;

	if (leader->exit_state)
		return 1;
	number = tgid_of(leader) % KEPT;
	return kept[number / 8] >> number % 8 & 1;
}

/*
 * Writes the record of the parent of a dead process, unless that is shown anyway, or
 * is in a PID namespace above. A process that was reaped since has no number, and
 * maybe no parent.
 */
static __always_inline void write_parent(struct bpf_iter__task *ctx, struct task_struct *t)
{
	struct task_struct *leader;

	if (!t->thread_pid)
		return;
	leader = t->real_parent->group_leader;
	if (!is_shown(leader) && tgid_of(leader))
		write_process(ctx, leader, PARENT);
}

SEC("iter/task")
int threads(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task;

	if (!t) {
		write_end(ctx->meta);
		return 0;
	}
	find_reader(ctx->meta);
	if (!is_shown(t->group_leader))
		return 0;
	if (t->pid != t->tgid) {
		write_thread(ctx, t);
		return 0;
	}
	/* What comes behind the loop over files is verified for each of its turns. */
	if (t->exit_state)
		write_parent(ctx, t);
	write_process(ctx, t, LEADER);
	return 0;
}

/*
 * Finds the distance from a pointer to memory of all CPUs to that of each, by a
 * map of which the kernel gives both (Linux 5.19).
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} cpu_memory SEC(".maps");

__u64 found_offset[MAX_CPUS];
__u32 found;

SEC("syscall")
int cpu_offsets(void *ctx __attribute__((unused)))
{
	void *here, *map = &cpu_memory;
	struct bpf_array *array;
	__u64 base, at;
	__u32 key = 0;

	/* Pointers become numbers by being read from memory. */
	bpf_probe_read_kernel(&array, sizeof(array), &map);
	base = (__u64)BPF_CORE_READ(array, pptrs[0]);
	for (__u32 cpu = 0; cpu < MAX_CPUS; cpu++) {
		here = bpf_map_lookup_percpu_elem(&cpu_memory, &key, cpu);
		if (!here)
			break;
		bpf_probe_read_kernel(&at, sizeof(at), &here);
		found_offset[cpu] = at - base;
		found = cpu + 1;
	}
	return 0;
}
