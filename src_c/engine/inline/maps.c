#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/maps.h"
#include "engine/inline/inline.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* PROCMAP_QUERY, since Linux 6.11 (include/uapi/linux/fs.h), for older headers. */
struct query {
	uint64_t size, flags, address;
	uint64_t start, end, vma_flags, page_size, offset, inode;
	uint32_t dev_major, dev_minor, name_size, build_id_size;
	uint64_t name_address, build_id_address;
};

#define QUERY	      _IOWR('f', 17, struct query)
#define QUERY_OR_NEXT 0x10
#define VMA_READ      1
#define VMA_WRITE     2
#define VMA_EXEC      4
#define VMA_SHARED    8

#define GUARD	 0x100000u /* as the kernel keeps below a stack that may grow */
#define REACH	 0x70000000ull /* of a jmp, with some room */
#define DISTANCE 0x40000000ull
#define STEP	 0x4000000ull
#define LOWEST	 0x100000ull /* well above vm.mmap_min_addr */

static int open_maps(pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static bool parse(const char *line, struct ft_mapping *m)
{
	char perms[5];
	unsigned major, minor;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64, &m->start,
		    &m->end, perms, &m->offset, &major, &minor, &m->inode) != 7)
		return false;
	m->dev = makedev(major, minor);
	m->read = perms[0] == 'r';
	m->write = perms[1] == 'w';
	m->exec = perms[2] == 'x';
	m->shared = perms[3] == 's';
	m->file = m->inode != 0;
	return true;
}

/* Before Linux 6.11: the text of the whole file, from its start at each question. */
static int read_maps(int fd, uint64_t address, bool or_next, struct ft_mapping *out)
{
	int own = dup(fd); /* which shares the offset */
	FILE *file = own < 0 ? NULL : fdopen(own, "r");
	char *line = NULL;
	size_t room = 0;
	int rc = file && lseek(own, 0, SEEK_SET) == 0 ? -ENOENT : -errno;

	if (!file) {
		if (own >= 0)
			close(own);
		return rc;
	}
	errno = 0;
	while (rc == -ENOENT && getline(&line, &room, file) > 0) {
		if (!parse(line, out))
			rc = -EPROTO;
		else if (out->start > INT64_MAX)
			rc = -ESRCH; /* [vsyscall], the kernel's own: the ioctl does not tell of it */
		else if (out->end > address)
			rc = out->start <= address || or_next ? 0 : -ESRCH;
	}
	if (rc == -ENOENT && (ferror(file) || errno))
		rc = errno ? -errno : -EIO; /* it was not read to its end */
	free(line);
	fclose(file);
	return rc == -ESRCH ? -ENOENT : rc;
}

static int find(int fd, uint64_t address, bool or_next, struct ft_mapping *out)
{
	struct query q = {
		.size = sizeof(q), .flags = or_next ? QUERY_OR_NEXT : 0, .address = address
	};

	if (ioctl(fd, QUERY, &q) < 0) {
		if (errno != ENOTTY && errno != EINVAL)
			return -errno;
		return read_maps(fd, address, or_next, out);
	}
	*out = (struct ft_mapping){
		.start = q.start,
		.end = q.end,
		.offset = q.offset,
		.dev = makedev(q.dev_major, q.dev_minor),
		.inode = q.inode,
		.read = q.vma_flags & VMA_READ,
		.write = q.vma_flags & VMA_WRITE,
		.exec = q.vma_flags & VMA_EXEC,
		.shared = q.vma_flags & VMA_SHARED,
		.file = q.inode != 0,
	};
	return 0;
}

int ft_maps_find(pid_t pid, uint64_t address, struct ft_mapping *out)
{
	int fd = open_maps(pid), rc;

	if (fd < 0)
		return -errno;
	rc = find(fd, address, false, out);
	close(fd);
	return rc;
}

static bool is_free(int fd, uint64_t address, uint64_t size)
{
	struct ft_mapping m;
	int rc = find(fd, address - GUARD, true, &m);

	return rc == -ENOENT || (!rc && m.start >= address + size + GUARD);
}

/*
 * Where the program's own mappings hardly come: below its text (the heap grows above) and far below its
 * libraries (mappings follow each other downwards).
 */
static uint64_t find_gap(int fd, uint64_t address, uint64_t size)
{
	uint64_t found = 0, near = address & ~(STEP - 1);

	for (uint64_t away = DISTANCE; !found && away < REACH; away += STEP)
		if (near > away + STEP && is_free(fd, near - away, size))
			found = near - away;
	for (uint64_t at = LOWEST + GUARD; !found && address < REACH && at < address; at += GUARD)
		if (is_free(fd, at, size))
			found = at;
	for (uint64_t away = DISTANCE; !found && away < REACH; away += STEP)
		if (is_free(fd, near + away, size))
			found = near + away;
	for (uint64_t away = STEP; !found && away < DISTANCE; away += STEP)
		if (near > away + STEP && is_free(fd, near - away, size))
			found = near - away;
	return found;
}

uint64_t ft_maps_likely_gap(uint64_t address)
{
	return address < 1ull << 40 ? 0 : (address & ~(STEP - 1)) - DISTANCE;
}

void ft_maps_close(struct ft_maps *maps)
{
	if (maps->open)
		close(maps->fd);
	maps->open = false;
}

/* A descriptor or a negative errno. */
static int maps_of(struct ft_maps *maps, const struct ft_space *sp)
{
	int fd;

	if (maps->open && maps->space == sp->id && sp->id)
		return maps->fd;
	fd = open_maps(sp->pid);
	if (fd < 0)
		return -errno;
	ft_maps_close(maps);
	*maps = (struct ft_maps){ sp->id, fd, true };
	return fd;
}

int ft_maps_find_in(
	struct ft_maps *maps, const struct ft_space *sp, uint64_t address, struct ft_mapping *out)
{
	int fd = maps_of(maps, sp);

	return fd < 0 ? fd : find(fd, address, false, out);
}

uint64_t ft_maps_gap_in(
	struct ft_maps *maps, const struct ft_space *sp, uint64_t address, uint64_t size)
{
	int fd = maps_of(maps, sp);

	return fd < 0 ? 0 : find_gap(fd, address, size);
}
#endif
