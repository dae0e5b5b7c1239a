/*
 * load SLEEPING ZOMBIES [SOCKETS]: makes processes that sleep, each with so many
 * sockets that have a port, and processes that are dead and not reaped, says
 * "ready", and ends them all when standard input closes.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
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

/* Opens a socket with a port of the kernel's choice: of TCP, which listens, or of UDP. */
static int open_socket(int type)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	int fd = socket(AF_INET, type, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof any) || (type == SOCK_STREAM && listen(fd, 1))) {
		perror("socket");
		exit(1);
	}
	return fd;
}

/* Makes a child that sleeps and alone has so many sockets. */
static void make_with_sockets(int number, int sockets)
{
	int fds[sockets + 1];

	for (int i = 0; i < sockets; i++)
		fds[i] = open_socket(i % 2 ? SOCK_DGRAM : SOCK_STREAM);
	make(number, 1);
	for (int i = 0; i < sockets; i++)
		close(fds[i]);
}

int main(int argc, char **argv)
{
	if (argc < 3 || argc > 4 || setpgid(0, 0))
		return 2;
	int sockets = argc > 3 ? atoi(argv[3]) : 0;
	for (int i = 0; i < atoi(argv[1]); i++)
		make_with_sockets(i, sockets);
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
