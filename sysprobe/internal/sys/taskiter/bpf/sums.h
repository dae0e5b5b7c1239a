/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */

#pragma once

#include "wants.h"

/*
 * What the threads of a process have together. The seven last are struct
 * task_io_accounting.
 */
struct sums {
	__u64 utime, stime, runtime;
	__u64 min_flt, maj_flt;
	__u64 nvcsw, nivcsw;
	__u64 rchar, wchar, syscr, syscw, read_bytes, write_bytes, cancelled_write_bytes;
};

#define ADD_COUNTERS(sums, from)                \
	do {                                    \
		(sums)->utime += (from)->utime; \
		(sums)->stime += (from)->stime; \
		(sums)->min_flt += (from)->min_flt; \
		(sums)->maj_flt += (from)->maj_flt; \
		(sums)->nvcsw += (from)->nvcsw; \
		(sums)->nivcsw += (from)->nivcsw; \
	} while (0)

#define ADD_IO(sums, from)                                     \
	do {                                                   \
		if (!bpf_core_field_exists((from)->ioac))      \
			break;                                 \
		(sums)->rchar += (from)->ioac.rchar;           \
		(sums)->wchar += (from)->ioac.wchar;           \
		(sums)->syscr += (from)->ioac.syscr;           \
		(sums)->syscw += (from)->ioac.syscw;           \
		(sums)->read_bytes += (from)->ioac.read_bytes; \
		(sums)->write_bytes += (from)->ioac.write_bytes; \
		(sums)->cancelled_write_bytes += (from)->ioac.cancelled_write_bytes; \
	} while (0)

static __always_inline void add_thread(struct sums *sums, struct task_struct *t)
{
	sums->runtime += t->se.sum_exec_runtime;
	ADD_COUNTERS(sums, t);
	if (want_io)
		ADD_IO(sums, t);
}

/* signal_struct has what the threads that are gone left behind. */
static __always_inline void add_dead(struct sums *sums, struct signal_struct *s)
{
	sums->runtime += s->sum_sched_runtime;
	ADD_COUNTERS(sums, s);
	if (want_io)
		ADD_IO(sums, s);
}
