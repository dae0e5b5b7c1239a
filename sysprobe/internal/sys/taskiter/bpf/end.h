/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */

#pragma once

#include "kernel.h"

/* The last record of a pass, which proves it complete. */
struct end {
	__u32 size;
	__u32 met; /* how many threads, or files, with or without a record */
};

static __always_inline void write_end(struct bpf_iter_meta *meta)
{
	struct end end = {.size = sizeof(end), .met = meta->seq_num + 1};

	bpf_seq_write(meta->seq, &end, sizeof(end));
}
