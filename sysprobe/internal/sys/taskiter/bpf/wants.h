/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */

#pragma once

#include "kernel.h"

/*
 * Set by the reader: what to look up beside what every record has. Each costs
 * some cache lines of a process: status the owner, limits that of open files.
 */
volatile __u32 want_status, want_memory, want_io, want_files, want_limits;
