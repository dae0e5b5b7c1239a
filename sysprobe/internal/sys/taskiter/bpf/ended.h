/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */

#pragma once

#include "sums.h"

/*
 * What ended. A process is freed a moment after it was reaped, when
 * signal_struct has everything that its threads did; at sched_process_exit the
 * last slice of time would be missing.
 *
 * Those that no sweep can have seen are summed up by who they were. The others
 * leave their final sums, for the reader to subtract what it saw of them.
 */
struct final {
	struct sums sums;
	__u64 prev_utime, prev_stime, cgroup;
	__u32 uid, flags;
	char comm[16];
};

struct identity {
	__u64 start;
	__u32 tgid, zero;
};

struct kind {
	__u64 cgroup;
	__u32 uid, flags, generation, zero;
	char comm[16];
};

struct total {
	__u64 count;
	struct sums sums;
};

_Static_assert(sizeof(struct final) == 160, "final sums of a process");
_Static_assert(sizeof(struct identity) == 16, "identity of a process");
_Static_assert(sizeof(struct kind) == 40, "kind of processes");
_Static_assert(sizeof(struct total) == 120, "sums of processes");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct identity);
	__type(value, struct final);
} seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct kind);
	__type(value, struct total);
} unseen SEC(".maps");

/*
 * Set by the reader: when the last sweep ended, in nanoseconds since boot, and
 * the largest number while there is one; and a part of new keys of unseen, so
 * that it can remove those of before.
 */
volatile __u64 sweep_end = ~0ULL;
volatile __u32 generation = 1;

/* How many processes found their map full. */
__u64 lost_seen, lost_unseen;

static __always_inline void copy_comm(char *to, struct task_struct *t)
{
	char comm[16], keep = 1;

	bpf_core_read(comm, sizeof(comm), &t->comm);
	/* Linux 5.10 leaves something behind the NUL, which would make keys differ. */
	for (int i = 0; i < 16; i++) {
		if (!comm[i])
			keep = 0;
		to[i] = keep ? comm[i] : 0;
	}
}

static __always_inline void leave_final(struct task_struct *t, struct signal_struct *s)
{
	struct identity id = {.start = t->start_boottime, .tgid = t->tgid};
	struct final final = {};

	final.sums.runtime = s->sum_sched_runtime;
	ADD_COUNTERS(&final.sums, s);
	ADD_IO(&final.sums, s);
	final.prev_utime = s->prev_cputime.utime;
	final.prev_stime = s->prev_cputime.stime;
	final.cgroup = t->cgroups->dfl_cgrp->kn->id;
	final.uid = t->real_cred->uid.val;
	final.flags = t->flags & PF_KTHREAD;
	copy_comm(final.comm, t);
	if (bpf_map_update_elem(&seen, &id, &final, BPF_NOEXIST))
		__sync_fetch_and_add(&lost_seen, 1);
}

static __always_inline struct total *total_of(struct task_struct *t)
{
	struct kind kind = {
		.cgroup = t->cgroups->dfl_cgrp->kn->id,
		.uid = t->real_cred->uid.val,
		.flags = t->flags & PF_KTHREAD,
		.generation = generation,
	};
	struct total none = {};
	struct total *total;

	copy_comm(kind.comm, t);
	total = bpf_map_lookup_elem(&unseen, &kind);
	if (total)
		return total;
	bpf_map_update_elem(&unseen, &kind, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&unseen, &kind);
}

#define ADD(field, value) __sync_fetch_and_add(&total->sums.field, value)

static __always_inline void add_total(struct total *total, struct signal_struct *s)
{
	ADD(utime, s->utime);
	ADD(stime, s->stime);
	ADD(runtime, s->sum_sched_runtime);
	ADD(min_flt, s->min_flt);
	ADD(maj_flt, s->maj_flt);
	ADD(nvcsw, s->nvcsw);
	ADD(nivcsw, s->nivcsw);
	if (bpf_core_field_exists(s->ioac)) {
		ADD(rchar, s->ioac.rchar);
		ADD(wchar, s->ioac.wchar);
		ADD(syscr, s->ioac.syscr);
		ADD(syscw, s->ioac.syscw);
		ADD(read_bytes, s->ioac.read_bytes);
		ADD(write_bytes, s->ioac.write_bytes);
		ADD(cancelled_write_bytes, s->ioac.cancelled_write_bytes);
	}
	__sync_fetch_and_add(&total->count, 1);
}

SEC("tp_btf/sched_process_free")
int ended(__u64 *ctx)
{
	struct task_struct *t = (void *)ctx[0];
	struct total *total;

	/* What was the first thread before another one executed a program is not. */
	if (t->pid != t->tgid)
		return 0;
	if (t->start_boottime <= sweep_end) {
		leave_final(t, t->signal);
		return 0;
	}
	total = total_of(t);
	if (total)
		add_total(total, t->signal);
	else
		__sync_fetch_and_add(&lost_unseen, 1);
	return 0;
}
