/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */

#pragma once

#include "kernel.h"

/*
 * Where the memory of each CPU lies, which a pointer to memory of all of them
 * is relative to; none where the kernel does not tell. Program cpu_offsets finds
 * out, and the loader sets it.
 */
#define MAX_CPUS 128

const volatile __u32 cpus = 0;
const volatile __u64 cpu_offset[MAX_CPUS] = {};

/* Two numbers of 64 bits, a type that the kernel has and that can be read at any place. */
static __always_inline struct prev_cputime *two_numbers(__u64 at)
{
	return bpf_rdonly_cast((void *)at, bpf_core_type_id_kernel(struct prev_cputime));
}
