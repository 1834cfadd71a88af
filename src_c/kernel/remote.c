#define _GNU_SOURCE
#include "kernel/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE                                                                                       \
	4096u /* the smallest page size there is: reads that end at its multiples never cross a    \
		 fault */

/* As far as the first page that cannot be read. For containers whose profile refuses process_vm_readv(2). */
static ssize_t read_otherwise(pid_t pid, uint64_t addr, char *buf, size_t size)
{
	char path[32];
	size_t done = 0;
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = pread(fd, buf, size, (off_t)addr);
		close(fd);
		return n;
	}
	/* Of a process that is not dumpable, or where there is no descriptor left: by its tracer, word by word. */
	while (done < size) {
		uint64_t at = addr + done;
		size_t skip = at % sizeof(long), part = sizeof(long) - skip;
		long word;

		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, pid, at - skip, 0);
		if (errno)
			break;
		if (part > size - done)
			part = size - done;
		memcpy(buf + done, (char *)&word + skip, part);
		done += part;
	}
	return done ? (ssize_t)done : -1;
}

ssize_t ft_remote_read(pid_t pid, uint64_t addr, void *buf, size_t size)
{
	struct iovec local = { buf, size }, remote = { (void *)(uintptr_t)addr, size };
	ssize_t n = process_vm_readv(pid, &local, 1, &remote, 1, 0);

	if (n < 0 && (errno == EPERM || errno == ENOSYS))
		n = read_otherwise(pid, addr, buf, size);
	return n > 0 ? n : -EFAULT;
}

ssize_t ft_remote_string(pid_t pid, uint64_t addr, char *buf, size_t max, int *truncated)
{
	size_t done = 0;

	*truncated = 1;
	while (done < max) {
		/* Most strings are short: a first small bite, then to the ends of pages. */
		size_t want = PAGE - (addr + done) % PAGE;
		size_t bite = done ? PAGE : 256;
		ssize_t n;
		char *nul;

		if (want > bite)
			want = bite;
		if (want > max - done)
			want = max - done;
		n = ft_remote_read(pid, addr + done, buf + done, want);
		if (n < 0)
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
