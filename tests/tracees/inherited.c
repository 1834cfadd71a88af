/* What a program has from its caller: descriptors, signal mask, ignored signals, no_new_privs, limits, scheduling. */
#define _GNU_SOURCE
#include "must.h"
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static void show_status(void)
{
	static const char *const keys[] = { "SigBlk", "SigIgn", "SigCgt", "NoNewPrivs", "Umask" };
	char line[512];
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		for (int i = 0; i < 5; i++)
			if (!strncmp(line, keys[i], strlen(keys[i])))
				fputs(line, stdout);
	fclose(f);
}

int main(void)
{
	struct dirent *e;
	DIR *d;
	cpu_set_t cpus;
	struct rlimit lim;
	unsigned int attributes[12] = { 0 }; /* struct sched_attr, in its first form */

	for (int fd = 0; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			printf("fd %d\n", fd);
	d = opendir("/proc/self/fd");
	while ((e = readdir(d)))
		printf("listed %s\n", e->d_name);
	closedir(d);
	show_status();
	must(sched_getaffinity(0, sizeof(cpus), &cpus));
	must(getrlimit(RLIMIT_NOFILE, &lim));
	printf("cpus %d policy %d nice %d nofile %ld\n", CPU_COUNT(&cpus), sched_getscheduler(0),
		getpriority(PRIO_PROCESS, 0), (long)lim.rlim_cur);
	must(syscall(SYS_sched_getattr, 0, attributes, sizeof(attributes), 0));
	for (int i = 0; i < 12; i++)
		printf("scheduling attribute %d: %u\n", i, attributes[i]);
	printf("session %d group %d\n", getsid(0) == getpid(), getpgid(0) == getpid());
	return 0;
}
