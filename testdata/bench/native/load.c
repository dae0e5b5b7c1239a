/*
 * load SLEEPING ZOMBIES: makes processes that sleep and processes that are dead
 * and not reaped, says "ready", and ends them all when standard input closes.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Makes one child, which dies with this process whatever happens to it. */
static void make(int number, int sleeps)
{
	pid_t parent = getpid(), pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	if (pid > 0)
		return;
	char name[16];
	snprintf(name, sizeof name, "load %d", number);
	prctl(PR_SET_NAME, name);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (sleeps && getppid() == parent)
		pause();
	_exit(number & 0x7f);
}

int main(int argc, char **argv)
{
	if (argc != 3 || setpgid(0, 0))
		return 2;
	for (int i = 0; i < atoi(argv[1]); i++)
		make(i, 1);
	for (int i = 0; i < atoi(argv[2]); i++)
		make(i, 0);
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	while (wait(NULL) > 0)
		;
}
