#define _GNU_SOURCE
#include "kernel/link.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "kernel/proc.h"
#include "kernel/reader.h"
#include "kernel/socket.h"

#define PROTOCOL_MAX 32 /* struct proto.name, include/net/sock.h */

/* Words behind a link; what does not fit is left out. */
struct words {
	char *at, *end;
};

static void put_word(struct words *w, const char *word, size_t length)
{
	if ((size_t)(w->end - w->at) < length + 1)
		return;
	*w->at++ = 0;
	memcpy(w->at, word, length);
	w->at += length;
}

/*
 * Of a device the number. That it lies in some dev is asked first: of a file on a network, even what is cached may be
 * long in coming (fs/namei.c, complete_walk()). musl has no statx(2).
 */
static void put_device(struct words *w, const char *path, const char *link)
{
	struct statx stx;
	char number[32];
	int n;

	if (!strstr(link, "/dev/") ||
		syscall(SYS_statx, AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_TYPE, &stx) < 0 ||
		(!S_ISCHR(stx.stx_mode) && !S_ISBLK(stx.stx_mode)))
		return;
	n = snprintf(number, sizeof(number), "%u:%u", stx.stx_rdev_major, stx.stx_rdev_minor);
	put_word(w, S_ISCHR(stx.stx_mode) ? "char" : "block", S_ISCHR(stx.stx_mode) ? 4 : 5);
	put_word(w, number, (size_t)n);
}

/* Of a pidfd the process, -1 if it has gone (kernel/fork.c, pidfd_show_fdinfo()). */
static void put_pid(struct words *w, pid_t tid, int fd)
{
	char name[32], info[512], number[32];
	int n;

	snprintf(name, sizeof(name), "fdinfo/%d", fd);
	if (ft_proc_text(tid, name, info, sizeof(info)) <= 0)
		return;
	n = snprintf(number, sizeof(number), "%ld", ft_proc_status_field(info, "Pid"));
	put_word(w, "pid", 3);
	put_word(w, number, (size_t)n);
}

static ssize_t put_socket(struct words *w, struct ft_reader *r, pid_t pid, const char *path, int fd,
	uint64_t inode, bool waits)
{
	char protocol[PROTOCOL_MAX], names[FT_SOCKET_NAMES_MAX];
	ssize_t n = getxattr(path, "system.sockprotoname", protocol, sizeof(protocol));

	if (n < 3)
		return 0;
	n = (ssize_t)strnlen(protocol, (size_t)n);
	put_word(w, protocol, (size_t)n);
	if (n >= 4 && !memcmp(protocol, "UNIX", 4))
		n = ft_socket_of_unix(inode, names);
	else if (waits && memcmp(protocol, "RAW", 3) != 0) /* whose port is a protocol */
		n = ft_reader_call(
			r, ft_socket_names, pid, (uint64_t)fd, inode, names, sizeof(names));
	else
		return 0;
	if (n > 0)
		put_word(w, names, (size_t)n);
	return n == -ETIMEDOUT ? n : 0;
}

ssize_t ft_link_read(
	struct ft_reader *r, pid_t pid, pid_t tid, int fd, bool waits, char buf[FT_LINK_MAX])
{
	struct words w = { buf, buf + FT_LINK_MAX };
	char path[64];
	ssize_t n;

	if (fd == AT_FDCWD)
		snprintf(path, sizeof(path), "/proc/%d/cwd", tid);
	else
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", tid, fd);
	n = readlink(path, buf, FT_STRING_MAX - 1);
	if (n < 0)
		return -errno;
	buf[n] = 0;
	w.at += n;
	n = 0;
	if (*buf == '/')
		put_device(&w, path, buf);
	else if (!strncmp(buf, "socket:[", 8))
		n = put_socket(&w, r, pid, path, fd, strtoull(buf + 8, NULL, 10), waits);
	else if (!strcmp(buf, "anon_inode:[pidfd]"))
		put_pid(&w, tid, fd);
	return n < 0 ? n : w.at - buf;
}

int ft_link_list(pid_t tid, int *fds, int max)
{
	const struct dirent *entry;
	char path[32];
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", tid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (n < max && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			fds[n++] = atoi(entry->d_name);
	closedir(dir);
	return n;
}
