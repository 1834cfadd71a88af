#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "record.h"
#include "remote.h"

#define PAGE 4096u

static int open_memory(pid_t pid)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static uint64_t chunk_base(int chunk)
{
	return FT_RECORDER_AREAS + (uint64_t)chunk * FT_CHUNK;
}

/* A memfd for areas, mapped by us; the tracee maps it by its path. */
static int chunk_new(struct ft_space *sp, char path[48])
{
	struct ft_chunk *chunk = &sp->chunks[sp->chunk_count];
	int fd, rc;

	if (sp->chunk_count == FT_CHUNKS_MAX)
		return -ENOSPC;
	fd = memfd_create("fasttrace", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, FT_CHUNK) < 0)
		goto fail;
	chunk->map = mmap(NULL, FT_CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (chunk->map == MAP_FAILED)
		goto fail;
	chunk->taken = chunk->used = 0;
	snprintf(path, 48, "/proc/%d/fd/%d", getpid(), fd);
	return fd;
fail:
	rc = -errno;
	close(fd);
	return rc;
}

/* A syscall instruction of the vDSO: bytes that look like one are one when they run. */
static uint64_t vdso_syscall(const struct ft_space *sp)
{
	uint64_t auxv[2 * 64], base = 0;
	uint8_t code[2 * PAGE];
	ssize_t n = ft_remote_proc(sp->pid, "auxv", (char *)auxv, sizeof(auxv));

	for (ssize_t i = 0; i + 1 < n / (ssize_t)sizeof(uint64_t); i += 2)
		if (auxv[i] == AT_SYSINFO_EHDR)
			base = auxv[i + 1];
	n = base ? pread(sp->memory, code, sizeof(code), (off_t)base) : 0;
	for (ssize_t i = 0; i + 1 < n; i++)
		if (code[i] == 0x0f && code[i + 1] == 0x05)
			return base + (uint64_t)i;
	return 0;
}

static void map_chunk(struct ft_snippet *c, int path, uint64_t base)
{
	ft_snippet_call(c, SYS_open,
		(uint64_t[6]){ ft_snippet_string(c, path), O_RDWR | O_CLOEXEC }, 0, true);
	ft_snippet_call(c, SYS_mmap,
		(uint64_t[6]){ base, FT_CHUNK, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_NORESERVE },
		1u << 4, false);
	ft_snippet_call(c, SYS_close, (uint64_t[6]){ 0 }, 1u << 0, false);
	/* The child of a fork has no business with our records of its parent. */
	ft_snippet_call(c, SYS_madvise, (uint64_t[6]){ base, FT_CHUNK, MADV_DONTFORK }, 0, false);
	ft_snippet_call(c, SYS_madvise, (uint64_t[6]){ base, FT_CHUNK, MADV_DONTDUMP }, 0, false);
}

static void map_code(struct ft_snippet *c, int path)
{
	ft_snippet_call(c, SYS_open,
		(uint64_t[6]){ ft_snippet_string(c, path), O_RDONLY | O_CLOEXEC }, 0, true);
	ft_snippet_call(c, SYS_mmap,
		(uint64_t[6]){ FT_RECORDER_BASE, FT_RECORDER_SIZE, PROT_READ | PROT_EXEC,
			MAP_PRIVATE | MAP_FIXED_NOREPLACE },
		1u << 4, false);
	ft_snippet_call(c, SYS_close, (uint64_t[6]){ 0 }, 1u << 0, false);
}

static void map_near(struct ft_snippet *c, uint64_t base)
{
	ft_snippet_call(c, SYS_mmap,
		(uint64_t[6]){ base, FT_NEAR_SIZE, PROT_READ | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, (uint64_t)-1 },
		0, false);
}

static struct ft_space *space_alloc(pid_t pid)
{
	struct ft_space *sp = calloc(1, sizeof(*sp));

	if (!sp)
		return NULL;
	sp->pid = pid;
	sp->memory = open_memory(pid);
	return sp;
}

/* After an exec, or at attach: the whole of it in one go, from a place in the text where we may write. */
int ft_space_new(struct ft_session *s, struct ft_task *t, struct ft_space **out)
{
	struct ft_space *sp = space_alloc(t->tgid);
	char path[48];
	const char *const strings[] = { path, s->in->code_path };
	struct user_regs_struct regs;
	struct ft_mapping text;
	struct ft_snippet c;
	uint64_t near, start;
	int fd = -1, rc;

	if (!sp)
		return -ENOMEM;
	rc = sp->memory;
	if (rc < 0)
		goto fail;
	if (ptrace(PTRACE_GETREGS, t->tid, 0, &regs) < 0) {
		rc = -ESRCH;
		goto fail;
	}
	rc = ft_maps_find(sp->pid, regs.rip, &text);
	if (rc < 0)
		goto fail;
	rc = -EACCES;
	if (!text.exec || text.shared || text.end - text.start < sizeof(c.code))
		goto fail;
	start = regs.rip & ~(uint64_t)(PAGE - 1);
	if (start + sizeof(c.code) > text.end)
		start = text.start;
	near = ft_maps_gap(sp->pid, regs.rip, FT_NEAR_SIZE);
	rc = fd = chunk_new(sp, path);
	if (rc < 0)
		goto fail;
	ft_snippet_start(&c, start, strings, 2);
	map_chunk(&c, 0, chunk_base(0));
	map_code(&c, 1);
	if (near)
		map_near(&c, near);
	sp->chunk_count = 1;
	rc = ft_inject_snippet(s, t, sp->memory, &c);
	if (rc < 0)
		goto fail;
	if (near)
		rc = ft_near_add(s, sp, near);
	if (rc < 0)
		goto fail;
	close(fd);
	*out = sp;
	return 0;
fail:
	if (fd >= 0)
		close(fd);
	ft_space_free(sp);
	return rc;
}

int ft_space_attach(struct ft_session *s, struct ft_task *t, struct ft_space **out)
{
	struct ft_space *sp = space_alloc(t->tgid);
	char path[48];
	const char *const strings[] = { path, s->in->code_path };
	uint64_t insn, near;
	struct ft_snippet c;
	int64_t result;
	int fd = -1, rc;

	if (!sp)
		return -ENOMEM;
	rc = sp->memory;
	if (rc < 0)
		goto fail;
	rc = -ENOENT;
	insn = vdso_syscall(sp);
	near = insn ? ft_maps_gap(sp->pid, insn, FT_NEAR_SIZE) : 0;
	if (!near)
		goto fail;
	rc = ft_inject_call(s, t, insn, SYS_mmap,
		(uint64_t[6]){ near, FT_NEAR_SIZE, PROT_READ | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, (uint64_t)-1 },
		&result);
	if (!rc && result < 0)
		rc = (int)result;
	if (!rc)
		rc = ft_near_add(s, sp, near);
	if (rc < 0)
		goto fail;
	rc = fd = chunk_new(sp, path);
	if (rc < 0)
		goto fail;
	sp->chunk_count = 1;
	ft_snippet_start(&c, near + FT_NEAR_SCRATCH, strings, 2);
	map_chunk(&c, 0, chunk_base(0));
	map_code(&c, 1);
	sp->partial = true;
	rc = ft_inject_snippet(s, t, sp->memory, &c);
	if (rc < 0)
		goto fail;
	close(fd);
	*out = sp;
	return 0;
fail:
	if (fd >= 0)
		close(fd);
	ft_space_free(sp);
	return rc;
}

int ft_space_fork(
	struct ft_session *s, struct ft_task *t, const struct ft_space *from, struct ft_space **out)
{
	struct ft_space *sp = space_alloc(t->tgid);
	int rc;

	(void)s;
	if (!sp)
		return -ENOMEM;
	sp->ignores_faults = from->ignores_faults;
	rc = ft_near_copy(&sp->nears, &from->nears);
	if (!rc)
		rc = ft_sites_copy(&sp->sites, &from->sites);
	if (rc < 0)
		goto fail;
	*out = sp;
	return 0;
fail:
	ft_space_free(sp);
	return rc;
}

static bool unmap(
	struct ft_session *s, struct ft_task *t, uint64_t insn, uint64_t at, uint64_t size)
{
	int64_t result;

	return ft_inject_call(s, t, insn, SYS_munmap, (uint64_t[6]){ at, size }, &result) == 0;
}

void ft_space_unmap(struct ft_session *s, struct ft_task *t, struct ft_space *sp)
{
	uint64_t insn = vdso_syscall(sp);
	bool ok = insn && !sp->spoiled;

	/* Where it cannot be done, as in a task that is being killed, it need not be. */
	for (int i = 0; ok && i < sp->nears.count; i++)
		ok = !sp->nears.list[i].base ||
		     unmap(s, t, insn, sp->nears.list[i].base, FT_NEAR_SIZE);
	for (int i = 0; ok && i < sp->chunk_count; i++)
		ok = unmap(s, t, insn, chunk_base(i), FT_CHUNK);
	if (ok)
		unmap(s, t, insn, FT_RECORDER_BASE, FT_RECORDER_SIZE);
}

void ft_space_free(struct ft_space *sp)
{
	if (!sp)
		return;
	for (int i = 0; i < sp->chunk_count; i++)
		munmap(sp->chunks[i].map, FT_CHUNK);
	if (sp->memory >= 0)
		close(sp->memory);
	ft_sites_free(&sp->sites);
	ft_near_free(&sp->nears);
	free(sp);
}

/* One more chunk, mapped by a stopped task of the space. */
static int chunk_add(struct ft_session *s, struct ft_task *t, struct ft_space *sp)
{
	char path[48];
	const char *const strings[] = { path };
	struct ft_snippet c;
	int fd, rc;

	if (!sp->nears.count)
		return -ENOSPC; /* nowhere to write the code that maps it */
	fd = chunk_new(sp, path);
	if (fd < 0)
		return fd;
	ft_snippet_start(&c, sp->nears.list[0].base + FT_NEAR_SCRATCH, strings, 1);
	map_chunk(&c, 0, chunk_base(sp->chunk_count));
	rc = ft_inject_snippet(s, t, sp->memory, &c);
	close(fd);
	if (rc < 0) {
		munmap(sp->chunks[sp->chunk_count].map, FT_CHUNK);
		return rc;
	}
	sp->chunk_count++;
	return 0;
}

static void area_init(struct ft_inline_task *it)
{
	struct ft_chunk *chunk = &it->space->chunks[it->chunk];
	size_t at = (size_t)it->slot * FT_AREA_STEP;

	it->area = (struct ft_area *)(chunk->map + at);
	it->base = chunk_base(it->chunk) + at;
	ft_area_init(it, chunk->used >> it->slot & 1);
	chunk->used |= (uint16_t)(1u << it->slot);
}

int ft_space_area(struct ft_session *s, struct ft_inline_task *it)
{
	struct ft_space *sp = it->space;

	for (int pass = 0; pass < 2; pass++) {
		int rc;

		for (int i = 0; i < sp->chunk_count; i++) {
			struct ft_chunk *chunk = &sp->chunks[i];

			if (chunk->taken == (1u << FT_CHUNK_AREAS) - 1)
				continue;
			it->chunk = i;
			it->slot = __builtin_ctz(~(unsigned)chunk->taken);
			chunk->taken |= (uint16_t)(1u << it->slot);
			area_init(it);
			return 0;
		}
		rc = chunk_add(s, it->task, sp);
		if (rc < 0)
			return rc;
	}
	return -ENOSPC;
}

void ft_space_release(struct ft_inline_task *it)
{
	if (it->area)
		it->space->chunks[it->chunk].taken &= (uint16_t)~(1u << it->slot);
	it->area = NULL;
}
#endif
