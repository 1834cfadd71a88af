/*
 * The memory that areas lie in: one memfd for each address space, as large as it may ever need to be (what
 * is not used takes no memory), mapped from its start so far as it is needed, by us and by the tracee.
 *
 * Once the tracee has mapped it it is sealed: it neither shrinks nor grows, and nobody can make holes
 * (F_SEAL_FUTURE_WRITE forbids them, mm/shmem.c). A page that is there then stays there, or we would get SIGBUS; before
 * we touch none, and what others may have made of it shows when one is asked for. Later
 * parts are mapped without a descriptor, which other threads might meet: a shared mapping that grows shows what follows
 * in its file (mremap(2)).
 */
#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/space/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/inline/run/run.h"
#include "kernel/proc.h"

#define RESERVE (32ull << 20)

/* ftruncate(2) beyond RLIMIT_FSIZE is SIGXFSZ, for a memfd too. */
static int chunks_allowed(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur / FT_CHUNK >= FT_CHUNKS_MAX)
		return FT_CHUNKS_MAX;
	return (int)(limit.rlim_cur / FT_CHUNK);
}

/* Asked for the session's first memory, and again where it has become less. */
static bool allow_chunks(struct ft_space *sp)
{
	if (!sp->leftovers->chunks)
		sp->leftovers->chunks = chunks_allowed();
	sp->chunk_limit = sp->leftovers->chunks;
	return sp->chunk_limit;
}

/*
 * Whether the process would lack what we take of the address space that RLIMIT_AS allows it: where little is
 * left we take none. Whose limit we may not read is told when it is mapped.
 */
static bool is_short_of(pid_t pid, uint64_t size)
{
	struct rlimit limit;
	char statm[128];

	if (prlimit(pid, RLIMIT_AS, NULL, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return false;
	ft_proc_text(pid, "statm", statm, sizeof(statm));
	return strtoull(statm, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) + size + RESERVE >
	       limit.rlim_cur;
}

static void add_chunk(struct ft_space *sp, void *map)
{
	sp->chunks[sp->chunk_count++] = (struct ft_chunk){ .map = map };
}

static int can_have(struct ft_space *sp)
{
	if (!allow_chunks(sp))
		return -EFBIG;
	return is_short_of(sp->pid, FT_MEMORY_FIRST) ? -ENOMEM : 0;
}

/* Where that is too much SIGXFSZ is sent to this thread, which blocks it. */
static int make_room(struct ft_space *sp, int fd)
{
	while (ftruncate(fd, (off_t)sp->chunk_limit * FT_CHUNK) < 0) {
		int before = sp->chunk_limit;

		if (errno != EFBIG)
			return -errno;
		sp->leftovers->chunks = 0;
		if (!allow_chunks(sp) || sp->chunk_limit >= before)
			return -EFBIG;
	}
	return 0;
}

/* Ours takes the place of what is left of another process. */
static void *map_first(struct ft_leftovers *left, int fd)
{
	void *at = left->count ? left->map[left->count - 1] : NULL;
	void *map = mmap(
		at, FT_CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED | (at ? MAP_FIXED : 0), fd, 0);

	if (at && map != MAP_FAILED)
		left->count--;
	return map;
}

/* Returns fd, of a memfd that is still empty, or closes it and returns a negative errno. */
static int use(struct ft_space *sp, int fd)
{
	void *map;
	int rc;

	rc = make_room(sp, fd);
	if (rc < 0)
		goto fail;
	map = map_first(sp->leftovers, fd);
	if (map != MAP_FAILED) {
		add_chunk(sp, map);
		return fd;
	}
	rc = -errno;
fail:
	close(fd);
	return rc;
}

int ft_memory_new(struct ft_space *sp, pid_t self, char path[48])
{
	int rc = can_have(sp), fd;

	if (rc < 0)
		return rc;
	fd = memfd_create("fasttrace", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	fd = use(sp, fd);
	if (fd >= 0)
		snprintf(path, 48, "/proc/%d/fd/%d", self, fd);
	return fd;
}

int ft_memory_take(struct ft_space *sp, const struct ft_task *t, int theirs)
{
	int rc = can_have(sp), fd;
	char path[48];

	if (rc < 0)
		return rc;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", t->tid, theirs);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : use(sp, fd);
}

int ft_memory_seal(struct ft_space *sp, int fd)
{
	if (fcntl(fd, F_ADD_SEALS,
		    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) < 0)
		return -errno;
	sp->mapped = FT_MEMORY_FIRST / FT_AREA_STEP;
	return 0;
}

void ft_memory_clear(struct ft_leftovers *left, int keep)
{
	while (left->count > keep)
		munmap(left->map[--left->count], FT_CHUNK);
}

void ft_memory_free(struct ft_space *sp)
{
	struct ft_leftovers *left = sp->leftovers;

	/* Of a process without threads it is little. */
	if (sp->chunk_count == 1 && !(sp->chunks[0].used & (sp->chunks[0].used - 1))) {
		if (left->count == FT_LEFTOVERS)
			ft_memory_clear(left, FT_LEFTOVERS_KEPT);
		left->map[left->count++] = sp->chunks[--sp->chunk_count].map;
	}
	while (sp->chunk_count)
		munmap(sp->chunks[--sp->chunk_count].map, FT_CHUNK);
	sp->mapped = 0;
}

/* What follows the last chunk in its file, in us. */
static int map_next(struct ft_space *sp)
{
	uint8_t *last = sp->chunks[sp->chunk_count - 1].map;
	uint8_t *both = mremap(last, 0, 2 * FT_CHUNK, MREMAP_MAYMOVE); /* the same once more */

	if (both == MAP_FAILED)
		return -errno;
	munmap(both, FT_CHUNK);
	add_chunk(sp, both + FT_CHUNK);
	return 0;
}

int ft_memory_grow(struct ft_session *s, struct ft_task *t, struct ft_space *sp)
{
	int areas = (sp->mapped / FT_CHUNK_AREAS + 1) * FT_CHUNK_AREAS, rc = 0;
	uint64_t last = FT_MEMORY_BASE + (uint64_t)(sp->mapped - 1) * FT_AREA_STEP;
	int64_t result;

	if (areas > sp->chunk_limit * FT_CHUNK_AREAS)
		return -ENOSPC;
	if (is_short_of(sp->pid, (uint64_t)(areas - sp->mapped) * FT_AREA_STEP))
		return -ENOMEM;
	if (areas > sp->chunk_count * FT_CHUNK_AREAS)
		rc = map_next(sp);
	if (!rc)
		rc = ft_run_recorder_call(s, t, SYS_mremap,
			(uint64_t[6]){ last, FT_AREA_STEP,
				(uint64_t)(areas - sp->mapped + 1) * FT_AREA_STEP, 0 },
			&result);
	if (rc < 0)
		return rc;
	if (result < 0)
		return (int)result;
	sp->mapped = areas;
	return 0;
}
#endif
