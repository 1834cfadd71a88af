#define _GNU_SOURCE
#include "remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE                                                                                       \
	4096u /* the smallest page size there is: reads that end at its multiples never cross a    \
		 fault */

ssize_t ft_remote_string(pid_t pid, uint64_t addr, char *buf, size_t max, int *truncated)
{
	size_t done = 0;

	*truncated = 1;
	while (done < max) {
		/* Most strings are short: a first small bite, then to the ends of pages. */
		size_t want = PAGE - (addr + done) % PAGE;
		size_t bite = done ? PAGE : 256;
		struct iovec local, remote;
		ssize_t n;
		char *nul;

		if (want > bite)
			want = bite;
		if (want > max - done)
			want = max - done;
		local = (struct iovec){ buf + done, want };
		remote = (struct iovec){ (void *)(uintptr_t)(addr + done), want };
		n = process_vm_readv(pid, &local, 1, &remote, 1, 0);
		if (n <= 0)
			return done ? (ssize_t)done : -EFAULT;
		nul = memchr(buf + done, 0, n);
		if (nul) {
			*truncated = 0;
			return nul - buf;
		}
		done += n;
	}
	return done;
}

ssize_t ft_remote_proc(pid_t pid, const char *name, char *buf, size_t max)
{
	char path[64];
	size_t done = 0;
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
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

long ft_remote_status_field(const char *status, const char *key)
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

uint64_t ft_remote_status_mask(pid_t pid, const char *key)
{
	char status[4096];
	ssize_t n = ft_remote_proc(pid, "status", status, sizeof(status) - 1);
	size_t len = strlen(key);

	status[n > 0 ? n : 0] = 0;
	for (char *line = status; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, len) && line[len] == ':')
			return strtoull(line + len + 1, NULL, 16);
	}
	return 0;
}
