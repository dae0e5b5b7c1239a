/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */

#pragma once

#include "kernel.h"

/*
 * PID namespaces. Below that of the machine, whose level is 0, numbers lie at
 * an offset that the verifier does not let add to a pointer that it knows, so
 * that those have to be read as numbers.
 */
__u32 level;		/* of the reader */
__u64 pid_namespace;	/* of the reader; 0 at level 0 */

static __always_inline struct upid *number_at(struct pid *pid, __u32 at)
{
	return (void *)pid + bpf_core_field_offset(struct pid, numbers) + at * bpf_core_type_size(struct upid);
}

/* The number that the reader knows pid by; 0 if none. */
static __always_inline __u32 number_of(struct pid *pid)
{
	struct upid *number;

	if (BPF_CORE_READ(pid, level) < level)
		return 0;
	number = number_at(pid, level);
	if ((__u64)BPF_CORE_READ(number, ns) != pid_namespace)
		return 0;
	return BPF_CORE_READ(number, nr);
}

static __always_inline void find_reader(struct bpf_iter_meta *meta)
{
	struct task_struct *reader;
	struct pid *pid;

	if (meta->seq_num)
		return;
	reader = (void *)bpf_get_current_task();
	pid = BPF_CORE_READ(reader, thread_pid);
	level = BPF_CORE_READ(pid, level);
	pid_namespace = level ? (__u64)BPF_CORE_READ(number_at(pid, level), ns) : 0;
}

static __always_inline __u32 tgid_of(struct task_struct *t)
{
	struct pid *pid;

	if (!level)
		return t->tgid;
	bpf_core_read(&pid, sizeof(pid), &t->signal->pids[PIDTYPE_TGID]);
	return number_of(pid);
}
