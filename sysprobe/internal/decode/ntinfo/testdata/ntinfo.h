/* Structures of winternl.h and ntexapi.h, in our own words: the same types in the
 * same order. Tests hold the offset tables against what clang makes of it. */
typedef unsigned short u16;
typedef unsigned int u32;
typedef long long i64;
typedef void *ptr;
typedef __SIZE_TYPE__ word;

struct process {
	u32 next, threads;
	i64 private_working_set;
	u32 hard_faults, most_threads;
	i64 cycles;
	i64 created, user_time, kernel_time;
	struct {
		u16 length, most;
		ptr text;
	} name;
	u32 priority;
	ptr pid, parent;
	u32 handles, session;
	ptr key;
	word peak_virtual, virtual;
	u32 page_faults;
	word peak_working_set, working_set, quota[4], pagefile, peak_pagefile, private;
	i64 reads, writes, others, read_bytes, write_bytes, other_bytes;
};

struct thread {
	i64 kernel_time, user_time, created;
	u32 wait_time;
	ptr start, pid, tid;
	u32 priority, base_priority, switches, state, wait_reason;
};
