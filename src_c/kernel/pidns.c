#define _GNU_SOURCE
#include "kernel/pidns.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/proc.h"

#define STATUS_MAX 8192

/* The namespaces of a task, its own first, up to the one below ours. */
static int spaces_of(pid_t tid, uint64_t spaces[FT_PIDNS_MAX])
{
	struct stat ours, its;
	int fd, above, n = 0;

	if (stat("/proc/self/ns/pid", &ours) < 0)
		return 0;
	fd = ft_proc_open(tid, "ns/pid");
	while (fd >= 0 && n < FT_PIDNS_MAX) {
		if (fstat(fd, &its) < 0 || its.st_ino == ours.st_ino)
			break;
		spaces[n++] = its.st_ino;
		above = ioctl(fd, NS_GET_PARENT);
		close(fd);
		fd = above;
	}
	if (fd >= 0)
		close(fd);
	return n;
}

int ft_pidns_numbers(pid_t tid, struct ft_payload_number numbers[FT_PIDNS_MAX])
{
	uint64_t spaces[FT_PIDNS_MAX];
	pid_t ids[FT_PIDNS_MAX + 1];
	char status[STATUS_MAX];
	int n = spaces_of(tid, spaces), count;

	if (!n || ft_proc_text(tid, "status", status, sizeof(status)) <= 0)
		return 0;
	count = ft_proc_status_list(status, "NSpid", ids, FT_PIDNS_MAX + 1);
	if (count != n + 1)
		return 0;
	for (int i = 0; i < n; i++)
		numbers[i] = (struct ft_payload_number){ .space = spaces[i],
			.number = ids[count - 1 - i] };
	return n;
}

struct search {
	uint64_t space;
	pid_t number, found;
	enum ft_number_of of;
};

/* Whether it is the one, or one of the group's or the session's. */
static bool is_it(pid_t tid, void *arg)
{
	static const char *const keys[] = {
		[FT_NUMBER_OF_TASK] = "NSpid",
		[FT_NUMBER_OF_GROUP] = "NSpgid",
		[FT_NUMBER_OF_SESSION] = "NSsid",
	};
	struct search *search = arg;
	uint64_t spaces[FT_PIDNS_MAX];
	pid_t ids[FT_PIDNS_MAX + 1];
	char status[STATUS_MAX];
	int count, n;

	if (ft_proc_text(tid, "status", status, sizeof(status)) <= 0)
		return false;
	count = ft_proc_status_list(status, keys[search->of], ids, FT_PIDNS_MAX + 1);
	for (int i = 1; i < count; i++) {
		if (ids[i] != search->number)
			continue;
		n = spaces_of(tid, spaces);
		if (count - 1 - i < n && spaces[count - 1 - i] == search->space)
			search->found = ids[0];
	}
	return search->found;
}

pid_t ft_pidns_find(uint64_t space, pid_t number, enum ft_number_of of)
{
	struct search search = { .space = space, .number = number, .of = of };
	struct dirent *entry;
	DIR *dir = opendir("/proc");

	while (dir && !search.found && (entry = readdir(dir))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid <= 0)
			continue;
		if (of == FT_NUMBER_OF_TASK)
			ft_proc_has_thread(pid, is_it, &search);
		else
			is_it(pid, &search);
	}
	if (dir)
		closedir(dir);
	return search.found;
}
