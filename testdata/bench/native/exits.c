/*
 * exits RATE COUNT ZOMBIES [WORK]: starts COUNT processes that end at once, or
 * after WORK nanoseconds of CPU time, RATE a second or, where that is 0, as fast
 * as it can, all on one processor, and leaves ZOMBIES of them unreaped, spread
 * over the run. Then it prints "wall-ns cpu-ns", the CPU time being that of all of
 * them, and for each zombie "pid from till", between which nanoseconds since 1970
 * it died, then "end", and reaps them when standard input closes.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

static long long now(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long spent(int who)
{
	struct rusage u;
	getrusage(who, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000000LL + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000LL;
}

static void until(long long moment)
{
	struct timespec t = { moment / 1000000000LL, moment % 1000000000LL };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL))
		;
}

/* On one processor: where the scheduler puts children costs more than they do. */
static void stay(void)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof one, &one);
}

int main(int argc, char **argv)
{
	if (argc != 4 && argc != 5)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	long rate = atol(argv[1]), count = atol(argv[2]), zombies = atol(argv[3]), made = 0;
	long long work = argc > 4 ? atoll(argv[4]) : 0;
	stay();
	struct { pid_t pid; long long from, till; } *dead = calloc(zombies + 1, sizeof *dead);
	long long begin = now(CLOCK_MONOTONIC), cpu = spent(RUSAGE_SELF) + spent(RUSAGE_CHILDREN);
	for (long i = 0; i < count; i++) {
		int keep = zombies && made < zombies && i >= made * (count / zombies);
		if (rate)
			until(begin + i / 10 * 10 * 1000000000LL / rate); /* ten at a time */
		long long from = now(CLOCK_REALTIME);
		pid_t pid = vfork();
		if (pid == 0) {
			while (work && now(CLOCK_PROCESS_CPUTIME_ID) < work)
				;
			_exit(7);
		}
		if (pid < 0) {
			perror("vfork");
			return 1;
		}
		siginfo_t info;
		while (waitid(P_PID, pid, &info, WEXITED | (keep ? WNOWAIT : 0)))
			;
		if (keep) {
			dead[made].pid = pid;
			dead[made].from = from;
			dead[made++].till = now(CLOCK_REALTIME);
		}
	}
	printf("%lld %lld\n", now(CLOCK_MONOTONIC) - begin, spent(RUSAGE_SELF) + spent(RUSAGE_CHILDREN) - cpu);
	for (long i = 0; i < made; i++)
		printf("%d %lld %lld\n", dead[i].pid, dead[i].from, dead[i].till);
	puts("end");
	fflush(stdout);
	while (getchar() != EOF)
		;
	while (wait(NULL) > 0)
		;
}
