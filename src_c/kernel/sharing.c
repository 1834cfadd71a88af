#define _GNU_SOURCE
#include "kernel/sharing.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/proc.h"

#define PF_FORKNOEXEC                                                                              \
	0x40 /* include/linux/sched.h: it has executed no program since it was forked */

/* Before that it may have its parent's memory. */
static bool has_executed(const char *stat)
{
	const char *flags = ft_proc_stat_field(stat, 9);

	return flags && !(strtoul(flags, NULL, 10) & PF_FORKNOEXEC);
}

static bool may_be_same(pid_t a, pid_t b)
{
	long order = syscall(SYS_kcmp, a, b, KCMP_VM, 0, 0);

	return order < 0 ? errno != ESRCH : !order;
}

static bool is_same_child(pid_t child, pid_t pid)
{
	char stat[1024];

	/* One that has ended has no memory. */
	return ft_proc_text(child, "stat", stat, sizeof(stat)) > 0 && !has_executed(stat) &&
	       may_be_same(child, pid);
}

static bool has_same_child(pid_t tid, void *arg)
{
	char name[48], *line = NULL;
	size_t room = 0;
	pid_t pid = *(pid_t *)arg, child;
	bool found = false;
	FILE *file;
	int fd;

	snprintf(name, sizeof(name), "task/%d/children", tid);
	fd = ft_proc_open(tid, name);
	if (fd < 0)
		return fd != -ENOENT &&
		       fd != -ESRCH; /* a thread that has ended, or no CONFIG_PROC_CHILDREN */
	file = fdopen(fd, "r");
	if (!file) {
		close(fd);
		return true;
	}
	while (!found && getdelim(&line, &room, ' ', file) > 0)
		found = (child = (pid_t)strtol(line, NULL, 10)) > 0 && is_same_child(child, pid);
	free(line);
	fclose(file);
	return found;
}

bool ft_sharing_memory(pid_t pid)
{
	const char *parent;
	char stat[1024];

	if (ft_proc_text(pid, "stat", stat, sizeof(stat)) <= 0)
		return true;
	parent = ft_proc_stat_field(stat, 4);
	if (!has_executed(stat) && (!parent || may_be_same(pid, (pid_t)strtol(parent, NULL, 10))))
		return true;
	return ft_proc_has_thread(pid, has_same_child, &pid);
}
