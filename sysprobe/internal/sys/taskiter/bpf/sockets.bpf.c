/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */

/*
 * The iterator over open files (Linux 5.8): writes a record for every descriptor of
 * a socket, and a last one that proves the pass complete. The kernel runs the
 * program for every descriptor of every table of them, in the order of the threads
 * that have the tables, and again for the same one where its output did not fit.
 */
#include "end.h"
#include "kernel.h"
#include "numbers.h"

char _license[] SEC("license") = "Dual MIT/GPL";

/* The record, which sysprobe/internal/decode/taskrec decodes. No compiler may pad it. */
struct socket {
	__u32 size;
	__u32 tgid;
	__u32 thread; /* that has the table of descriptors; 0 for the first one */
	__u32 fd;
	__u64 start;  /* of the process */
	__u64 inode;  /* 0 for another file */
};

_Static_assert(sizeof(struct socket) == 32, "record of a socket");

SEC("iter/task_file")
int sockets(struct bpf_iter__task_file *ctx)
{
	/* Each load of them is another pointer to the verifier. */
	struct task_struct *t = ctx->task;
	struct file *file = ctx->file;
	struct socket socket = {.size = sizeof(socket)};
	struct inode *inode;

	if (!t || !file) {
		write_end(ctx->meta);
		return 0;
	}
	find_reader(ctx->meta);
	/* A socket in a file system, which open(2) finds with O_PATH, is no open socket. */
	inode = file->f_inode;
	if (inode->i_sb->s_magic == SOCKFS_MAGIC)
		socket.inode = inode->i_ino;
	/*
	 * As in proc(5), the descriptors of a process are those of its first thread, and
	 * of another thread only where that is dead: all of them, for the reader to see
	 * which thread comes first.
	 */
	if (t->pid == t->tgid ? !socket.inode : !!t->group_leader->files)
		return 0;
	socket.tgid = tgid_of(t);
	socket.thread = t->pid == t->tgid ? 0 : t->pid;
	socket.fd = ctx->fd;
	socket.start = t->group_leader->start_boottime;
	bpf_seq_write(ctx->meta->seq, &socket, sizeof(socket));
	return 0;
}
