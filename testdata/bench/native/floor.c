/*
 * The least a program can do for the same facts: the system calls, without
 * decoding what they return. For each line on standard input it makes one
 * sweep and answers "rows wall-ns cpu-ns allocations bytes".
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <fcntl.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static char buffer[1 << 20];

struct dirent64 {
	unsigned long long ino;
	long long off;
	unsigned short reclen;
	unsigned char type;
	char name[];
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Lists /proc and opens, reads and closes files of every process. */
static long read_files(const char *const *files)
{
	static char list[1 << 16];
	long rows = 0;
	int proc = open("/proc", O_RDONLY | O_DIRECTORY);
	if (proc < 0)
		die("open /proc");
	for (;;) {
		long n = syscall(SYS_getdents64, proc, list, sizeof list);
		if (n < 0)
			die("getdents64");
		if (n == 0)
			break;
		for (char *p = list; p < list + n; p += ((struct dirent64 *)p)->reclen) {
			char path[32], *name = ((struct dirent64 *)p)->name;
			if (!isdigit((unsigned char)name[0]))
				continue;
			for (const char *const *file = files; *file; file++) {
				strcpy(stpcpy(path, name), *file);
				int fd = openat(proc, path, O_RDONLY);
				if (fd < 0)
					continue;
				if (read(fd, buffer, 4096) > 0 && file == files)
					rows++;
				close(fd);
			}
		}
	}
	close(proc);
	return rows;
}

/* Receives an answer up to its end and counts its messages. */
static long count(int fd)
{
	for (long rows = 0;;) {
		int n = recv(fd, buffer, sizeof buffer, 0);
		if (n < 0)
			die("recv");
		for (struct nlmsghdr *m = (void *)buffer; NLMSG_OK(m, n); m = NLMSG_NEXT(m, n)) {
			if (m->nlmsg_type == NLMSG_DONE)
				return rows;
			if (m->nlmsg_type == NLMSG_ERROR)
				die("dump");
			rows++;
		}
	}
}

/* Dumps a table of rtnetlink and counts its rows. */
static long dump(int type, int skip_stats)
{
	static int fd = -1;
	struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
		struct rtattr attr;
		__u32 mask;
	} request = {
		.header = { sizeof request, type, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 },
		.attr = { RTA_LENGTH(sizeof(__u32)), IFLA_EXT_MASK },
		.mask = skip_stats ? RTEXT_FILTER_SKIP_STATS : 0,
	};
	if (type == RTM_GETADDR)
		request.header.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtgenmsg));
	if (fd < 0 && (fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)) < 0)
		die("socket");
	if (send(fd, &request, request.header.nlmsg_len, 0) < 0)
		die("send");
	return count(fd);
}

/* Opens generic netlink and asks for the number of the family "ethtool". */
static int open_ethtool(int *family)
{
	struct {
		struct nlmsghdr header;
		struct genlmsghdr genl;
		struct nlattr attr;
		char name[8];
	} request = {
		.header = { sizeof request, GENL_ID_CTRL, NLM_F_REQUEST, 1, 0 },
		.genl = { CTRL_CMD_GETFAMILY, 1, 0 },
		.attr = { NLA_HDRLEN + sizeof request.name, CTRL_ATTR_FAMILY_NAME },
		.name = ETHTOOL_GENL_NAME,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (fd < 0 || send(fd, &request, sizeof request, 0) < 0)
		die("generic netlink");
	int n = recv(fd, buffer, sizeof buffer, 0);
	for (char *p = buffer + NLMSG_HDRLEN + GENL_HDRLEN; p < buffer + n; p += NLA_ALIGN(((struct nlattr *)p)->nla_len))
		if (((struct nlattr *)p)->nla_type == CTRL_ATTR_FAMILY_ID)
			*family = *(__u16 *)(p + NLA_HDRLEN);
	if (!*family)
		die("no family ethtool");
	return fd;
}

/* Dumps what all drivers answer to an ETHTOOL_MSG_*_GET. */
static long dump_ethtool(int command)
{
	static int fd = -1, family;
	if (fd < 0)
		fd = open_ethtool(&family);
	struct {
		struct nlmsghdr header;
		struct genlmsghdr genl;
		struct nlattr nest, attr;
		__u32 flags;
	} request = {
		.header = { sizeof request, family, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 },
		.genl = { command, ETHTOOL_GENL_VERSION, 0 },
		.nest = { 2 * NLA_HDRLEN + sizeof request.flags, NLA_F_NESTED | ETHTOOL_A_LINKINFO_HEADER },
		.attr = { NLA_HDRLEN + sizeof request.flags, ETHTOOL_A_HEADER_FLAGS },
		.flags = ETHTOOL_FLAG_COMPACT_BITSETS,
	};
	if (send(fd, &request, sizeof request, 0) < 0)
		die("send");
	return count(fd);
}

static long sweep(const char *task)
{
	static const char *const stat[] = { "/stat", NULL };
	static const char *const files[] = { "/stat", "/status", "/statm", "/io", NULL };
	if (!strcmp(task, "stat"))
		return read_files(stat);
	if (!strcmp(task, "files"))
		return read_files(files);
	if (!strcmp(task, "addresses")) {
		dump(RTM_GETLINK, 1);
		return dump(RTM_GETADDR, 0);
	}
	long rows = dump(RTM_GETLINK, 0);
	if (!strcmp(task, "stats")) {
		dump_ethtool(ETHTOOL_MSG_LINKINFO_GET);
		dump_ethtool(ETHTOOL_MSG_LINKMODES_GET);
	}
	return rows;
}

static long long nanoseconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv)
{
	char line[16];
	while (argc == 2 && fgets(line, sizeof line, stdin)) {
		long long wall = nanoseconds(CLOCK_MONOTONIC), cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
		long rows = sweep(argv[1]);
		printf("%ld %lld %lld 0 0\n", rows, nanoseconds(CLOCK_MONOTONIC) - wall,
		       nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
		fflush(stdout);
	}
}
