// Package taskiter reads the process table through BPF programs (bpf(2)): an
// iterator over tasks (Linux 5.8), one read of which returns what some dozens
// of files of proc(5) have of every process; one over open files, which returns the
// sockets of all processes; one over families alone; and a program that the kernel
// calls when it frees a process.
//
// The programs are bpf/taskiter.bpf.c, bpf/sockets.bpf.c and bpf/kin.bpf.c; "make bpf"
// compiles them. Package taskrec decodes the records and the map entries that they write.
package taskiter
