#define _GNU_SOURCE
#include "kernel/proc.h"

#include <dirent.h>
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
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, buf,
		max); /* one record each, which comes as a whole (fs/seq_file.c, fs/proc/base.c) */
	if (n < 0)
		n = -errno;
	close(fd);
	return n;
}

ssize_t ft_proc_text(pid_t pid, const char *name, char *text, size_t size)
{
	ssize_t n = ft_proc_read(pid, name, text, size - 1);

	text[n > 0 ? n : 0] = 0;
	return n;
}

/* What stands behind "<key>:". NULL: there is no such line. */
static const char *value_of(const char *status, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = status; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, len) && line[len] == ':')
			return line + len + 1;
	}
	return NULL;
}

long ft_proc_status_field(const char *status, const char *key)
{
	const char *value = value_of(status, key);

	return value ? strtol(value, NULL, 10) : -1;
}

int ft_proc_status_list(const char *status, const char *key, pid_t *ids, int max)
{
	const char *at = value_of(status, key);
	char *end;
	int n = 0;

	while (at && n < max && *at != '\n') {
		ids[n] = (pid_t)strtol(at, &end, 10);
		if (end == at)
			break;
		at = end;
		n++;
	}
	return n;
}

uint64_t ft_proc_mask_field(const char *status, const char *key)
{
	const char *value = value_of(status, key);

	return value ? strtoull(value, NULL, 16) : 0;
}

uint64_t ft_proc_status_mask(pid_t pid, const char *key)
{
	char status[4096];

	if (ft_proc_text(pid, "status", status, sizeof(status)) <= 0)
		return UINT64_MAX;
	return ft_proc_mask_field(status, key);
}

bool ft_proc_is_ours(void)
{
	char status[4096], *all, *end;
	/* In a foreign /proc the number may be somebody else's, or nobody's. */
	ssize_t n = ft_proc_text(getpid(), "status", status, sizeof(status));
	char self[16] = "";

	if (n <= 0 || readlink("/proc/self", self, sizeof(self) - 1) < 0 || atoi(self) != getpid())
		return false;
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

size_t ft_proc_comm(pid_t tid, char *name, size_t max)
{
	ssize_t n = ft_proc_read(tid, "comm", name, max);

	if (n <= 0)
		return 0;
	name[n - 1] = 0;
	return (size_t)n - 1;
}

bool ft_proc_has_thread(pid_t pid, bool (*wanted)(pid_t tid, void *arg), void *arg)
{
	struct dirent *entry;
	bool found = false;
	char path[32];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return errno != ENOENT && errno != ESRCH; /* perhaps: only who is gone has none */
	while (!found && (entry = readdir(dir))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		found = tid > 0 && wanted(tid, arg);
	}
	closedir(dir);
	return found;
}

char ft_proc_state(pid_t tid)
{
	char stat[1024];
	const char *state;

	ft_proc_text(tid, "stat", stat, sizeof(stat));
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

bool ft_proc_ran(pid_t tid, uint64_t *ran)
{
	uint64_t delay;
	int fd = ft_proc_open(tid, "schedstat");
	bool known = fd >= 0 && ft_proc_schedstat(fd, ran, &delay);

	if (fd >= 0)
		close(fd);
	return known;
}
