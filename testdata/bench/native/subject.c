/*
 * subject FILES REGIONS: opens so many files, and maps so many regions of memory that
 * cannot be one, says "ready", and ends when standard input closes.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	int files = atoi(argv[1]), regions = atoi(argv[2]);
	struct rlimit limit = {files + 100, files + 100};
	long page = sysconf(_SC_PAGESIZE);

	if (setrlimit(RLIMIT_NOFILE, &limit)) {
		perror("setrlimit");
		return 1;
	}
	for (int i = 0; i < files; i++) {
		if (!fopen("/proc/self/exe", "re")) {
			perror("fopen");
			return 1;
		}
	}
	char *at = mmap(NULL, regions * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	for (int i = 0; i < regions; i += 2) {
		if (mprotect(at + i * page, page, PROT_READ | PROT_WRITE)) {
			perror("mprotect");
			return 1;
		}
		at[i * page] = 1;
	}
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
}
