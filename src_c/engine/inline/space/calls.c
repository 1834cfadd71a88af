/* The calls by which a task is made to map what is ours. */
#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/space/calls.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "engine/inline/dispatch.h"
#include "engine/inline/space/memory.h"

/* The descriptor that comes of it is in r15, for the next call. */
static void open_path(struct ft_snippet *c, int path, int flags)
{
	ft_snippet_call(c, SYS_open,
		(uint64_t[6]){ ft_snippet_string(c, path), (uint64_t)flags | O_CLOEXEC }, 0, true);
}

static void close_path(struct ft_snippet *c)
{
	if (!c->apart)
		ft_snippet_call(c, SYS_close, (uint64_t[6]){ 0 }, 1u << 0, false);
}

void ft_calls_map_areas_of(struct ft_snippet *c, int fd)
{
	ft_snippet_call(c, SYS_mmap,
		(uint64_t[6]){ FT_MEMORY_BASE, FT_MEMORY_FIRST, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_NORESERVE, (uint64_t)fd },
		fd < 0 ? 1u << 4 : 0, false);
}

void ft_calls_map_areas(struct ft_snippet *c, int path)
{
	open_path(c, path, O_RDWR);
	ft_calls_map_areas_of(c, -1);
	close_path(c);
}

void ft_calls_hide_areas(struct ft_snippet *c)
{
	const uint64_t base = FT_MEMORY_BASE;

	ft_snippet_call(
		c, SYS_madvise, (uint64_t[6]){ base, FT_MEMORY_FIRST, MADV_DONTFORK }, 0, false);
	ft_snippet_call(
		c, SYS_madvise, (uint64_t[6]){ base, FT_MEMORY_FIRST, MADV_DONTDUMP }, 0, false);
}

void ft_calls_arm(struct ft_snippet *c)
{
	ft_snippet_call(c, SYS_prctl,
		(uint64_t[6]){
			FT_DISPATCH_SET, FT_DISPATCH_ON, FT_RECORDER_BASE, FT_RECORDER_CODE, 0 },
		0, false);
}

void ft_calls_map_code(struct ft_snippet *c, int path)
{
	open_path(c, path, O_RDONLY);
	ft_snippet_call(c, SYS_mmap,
		(uint64_t[6]){ FT_RECORDER_BASE, FT_RECORDER_SIZE, PROT_READ | PROT_EXEC,
			MAP_PRIVATE | MAP_FIXED_NOREPLACE },
		1u << 4, false);
	close_path(c);
}

void ft_calls_map_empty(struct ft_snippet *c, uint64_t base, uint64_t size)
{
	ft_snippet_call(c, SYS_mmap,
		(uint64_t[6]){ base, size, PROT_READ | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, (uint64_t)-1 },
		0, false);
}

#define PATHS_AT  0x200u
#define PATH_SIZE 24u /* "/proc/4194304/fd/1023" */
#define PATHS	  ((int)((FT_RECORDER_BIRTHS_SIZE - PATHS_AT) / PATH_SIZE))

void ft_calls_birth_code(struct ft_inline *in, uint8_t page[FT_RECORDER_BIRTHS_SIZE])
{
	struct ft_snippet *c = malloc(sizeof(*c));

	if (!c)
		return;
	ft_snippet_start(c, FT_RECORDER_BASE + FT_RECORDER_BIRTHS, NULL, 0);
	ft_snippet_call( /* the path's address is in r15 */
		c, SYS_open, (uint64_t[6]){ 0, O_RDWR | O_CLOEXEC }, 1u << 0, true);
	ft_calls_map_areas_of(c, -1);
	close_path(c);
	ft_calls_hide_areas(c);
	ft_calls_arm(c);
	ft_snippet_end(c);
	c->stays = c->is_there = true;
	if (c->len > PATHS_AT) {
		free(c);
		return;
	}
	in->birth = c;
	memcpy(page, c->code, c->len);
	for (int fd = 0; fd < PATHS; fd++)
		snprintf((char *)page + PATHS_AT + (uint32_t)fd * PATH_SIZE, PATH_SIZE,
			"/proc/%d/fd/%d", in->self, fd);
}

bool ft_calls_birth(
	const struct ft_inline *in, const struct ft_task *t, int fd, struct ft_snippet *out)
{
	if (t->in->birth_flags & CLONE_FILES || t->filters || !in->birth || fd >= PATHS)
		return false;
	*out = *in->birth;
	out->r15 = out->address + PATHS_AT + (uint32_t)fd * PATH_SIZE;
	return true;
}
#endif
