#define _GNU_SOURCE
#include "kernel/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int ft_proc_open(pid_t pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

ssize_t ft_proc_read(pid_t pid, const char *name, char *buf, size_t max)
{
	int fd = ft_proc_open(pid, name);
	size_t done = 0;
	ssize_t n = 0;

	if (fd < 0)
		return fd;
	while (done < max && (n = read(fd, buf + done, max - done)) > 0)
		done += n;
	if (n < 0 && !done) {
		n = -errno;
		close(fd);
		return n;
	}
	close(fd);
	return done;
}

long ft_proc_status_field(const char *status, const char *key)
{
	size_t len = strlen(key);
	const char *line = status;

	while (line && *line) {
		if (!strncmp(line, key, len) && line[len] == ':')
			return strtol(line + len + 1, NULL, 10);
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return -1;
}

uint64_t ft_proc_status_mask(pid_t pid, const char *key)
{
	char status[4096];
	ssize_t n = ft_proc_read(pid, "status", status, sizeof(status) - 1);
	size_t len = strlen(key);

	if (n <= 0)
		return UINT64_MAX;
	status[n] = 0;
	for (char *line = status; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, len) && line[len] == ':')
			return strtoull(line + len + 1, NULL, 16);
	}
	return 0; /* a kernel without it */
}

bool ft_proc_is_ours(void)
{
	char status[4096], *all, *end;
	/* In a foreign /proc the number may be somebody else's, or nobody's. */
	ssize_t n = ft_proc_read(getpid(), "status", status, sizeof(status) - 1);
	char self[16] = "";

	if (n <= 0 || readlink("/proc/self", self, sizeof(self) - 1) < 0 || atoi(self) != getpid())
		return false;
	status[n] = 0;
	/* Our numbers from the namespace of this /proc down to our own: one, unless ours lies below. */
	all = strstr(status, "\nNSpid:");
	if (!all)
		return true; /* a kernel without pid namespaces */
	return strtol(all + strlen("\nNSpid:"), &end, 10) == getpid() && *end == '\n';
}

const char *ft_proc_stat_field(const char *stat, int number)
{
	const char *at = strrchr(stat, ')');

	for (int field = 2; at && field < number; field++) {
		at = strchr(at, ' ');
		if (at)
			at++;
	}
	return at;
}

char ft_proc_state(pid_t tid)
{
	char stat[1024];
	ssize_t n = ft_proc_read(tid, "stat", stat, sizeof(stat) - 1);
	const char *state;

	if (n <= 0)
		return 0;
	stat[n] = 0;
	state = ft_proc_stat_field(stat, 3);
	return state ? *state : 0;
}

bool ft_proc_schedstat(int fd, uint64_t *ran, uint64_t *delay)
{
	char text[96], *end;
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return false;
	text[n] = 0;
	*ran = strtoull(text, &end, 10);
	*delay = strtoull(end, NULL, 10);
	return true;
}
