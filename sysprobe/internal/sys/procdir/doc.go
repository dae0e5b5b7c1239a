// Package procdir reads files of a proc(5) tree with as few system calls and
// as little memory as the kernel allows.
//
// [Root] is the tree, [Dir] the directory of one process or thread in it. Every
// read is given a [Buffer], and what it returns is in the memory of that Buffer:
// it is valid until the next call with the same one. Errors are plain errnos;
// fs.ErrClosed after Close.
package procdir
