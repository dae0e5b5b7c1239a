/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */

#pragma once

#include "percpu.h"
#include "wants.h"

/*
 * Most of the time of a pass is waiting for memory that nobody looked at since
 * the one before: some forty cache lines of each process. A processor waits for
 * many at once where loads that do not depend on each other come close together.
 * So this touches, for nothing, a number of each line of what belongs to the next
 * process, and of the task after that one, whose pointers lead there next time.
 * Processes are linked in the order in which they began, which is mostly that
 * of their IDs. Where it is not, memory comes that may be gone again in time.
 */
#define TOUCH(number)                            \
	do {                                     \
		__u64 value = (__u64)(number);   \
		asm volatile("" : : "r"(value)); \
	} while (0)

static __always_inline void touch_task(struct task_struct *t)
{
	TOUCH(t->flags);
	TOUCH(t->static_prio);
	TOUCH(t->se.sum_exec_runtime);
	TOUCH(t->policy);
	TOUCH(t->tasks.next);
	TOUCH(t->exit_state);
	TOUCH(t->tgid);
	TOUCH(t->real_parent);
	TOUCH(t->thread_pid);
	TOUCH(t->utime);
	TOUCH(t->start_boottime);
	TOUCH(t->real_cred);
	TOUCH(t->signal);
	TOUCH(t->self_exec_id);
	if (want_io && bpf_core_field_exists(t->ioac)) {
		TOUCH(t->ioac.rchar);
		TOUCH(t->ioac.write_bytes);
	}
	TOUCH(t->cgroups);
	if (bpf_core_field_exists(t->delays))
		TOUCH(t->delays);
}

static __always_inline void touch_signal(struct signal_struct *s)
{
	TOUCH(s->nr_threads);
	TOUCH(s->pids[PIDTYPE_PGID]);
	TOUCH(s->utime);
	TOUCH(s->prev_cputime.utime);
	TOUCH(s->min_flt);
	if (want_io && bpf_core_field_exists(s->ioac))
		TOUCH(s->ioac.rchar);
	TOUCH(s->sum_sched_runtime);
	if (want_limits)
		TOUCH(s->rlim[RLIMIT_NOFILE].rlim_cur);
}

static __always_inline void touch_relatives(struct task_struct *t)
{
	struct pid *pid = t->thread_pid;
	struct mm_struct *mm = t->mm;

	TOUCH(pid->level);
	TOUCH(pid->tasks[0].first);
	TOUCH(pid->numbers[0].nr);
	if (want_status)
		TOUCH(t->real_cred->uid.val);
	if (want_files && t->files)
		TOUCH(t->files->fdt);
	if (!mm)
		return;
	TOUCH(mm->total_vm);
	if (want_memory)
		TOUCH(mm->end_code);
	TOUCH(mm->rss_stat[0].count);
	TOUCH(mm->rss_stat[1].count);
	TOUCH(mm->rss_stat[2].count);
	TOUCH(mm->rss_stat[3].count);
}

static __always_inline struct task_struct *after(struct task_struct *t)
{
	return bpf_rdonly_cast((void *)t->tasks.next - bpf_core_field_offset(t->tasks), bpf_core_type_id_kernel(*t));
}

/* Of the first CPUs alone: a sum over many waits for all of their lines at once anyway. */
#define AHEAD_CPUS 4

/*
 * What leads there came when t was the next process: these lines come while the
 * program waits for those of the task after the next.
 */
static __always_inline void touch_held(struct task_struct *t)
{
	struct mm_struct *mm = t->mm;
	__u64 at;

	if (!mm)
		return;
	at = (__u64)mm->rss_stat[0].counters;
	for (__u32 cpu = 0; cpu < AHEAD_CPUS && cpu < cpus; cpu++)
		TOUCH(two_numbers(at + cpu_offset[cpu])->utime);
}

static __always_inline void touch_ahead(struct task_struct *t)
{
	struct task_struct *next = after(t);

	touch_held(t);
	touch_signal(next->signal);
	touch_relatives(next);
	touch_task(after(next));
}
