#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/space/code.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/inline/mem.h"
#include "engine/inline/patch/text.h"
#include "engine/inline/permits.h"
#include "engine/inline/space/calls.h"
#include "engine/inline/verdict.h"

#define PAGE 4096u

int ft_code_open(struct ft_session *s)
{
	struct ft_inline *in = s->in;
	uint8_t *map;
	int rc = 0;

	in->code = memfd_create("fasttrace-code", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (in->code < 0 || ftruncate(in->code, FT_RECORDER_SIZE) < 0)
		return -errno;
	map = mmap(NULL, FT_RECORDER_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, in->code, 0);
	if (map == MAP_FAILED)
		return -errno;
	ft_recorder_code(map, in->brief);
	ft_verdict_table(s, in, map + FT_RECORDER_CODE);
	ft_calls_birth_code(in, map + FT_RECORDER_BIRTHS);
	munmap(map, FT_RECORDER_SIZE);
	map = mmap(NULL, FT_RECORDER_SIZE, PROT_READ, MAP_PRIVATE, in->code, 0);
	if (map == MAP_FAILED)
		return -errno;
	in->image = map;
	if (fcntl(in->code, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) <
		0)
		rc = -errno;
	snprintf(in->code_path, sizeof(in->code_path), "/proc/%d/fd/%d", in->self, in->code);
	return rc;
}

void ft_code_close(struct ft_inline *in)
{
	if (in->code >= 0)
		close(in->code);
	free(in->birth);
	if (in->image)
		munmap((void *)(uintptr_t)in->image, FT_RECORDER_SIZE);
}

int ft_code_write(const struct ft_session *s, const struct ft_space *sp)
{
	static const uint8_t zeros[PAGE];

	/* Pages of nothing but zeros it has anyway. */
	for (uint32_t at = 0; at < FT_RECORDER_SIZE; at += PAGE)
		if (memcmp(s->in->image + at, zeros, PAGE) != 0 &&
			pwrite(ft_mem_of(sp), s->in->image + at, PAGE,
				(off_t)(FT_RECORDER_BASE + at)) != PAGE)
			return -EFAULT;
	return 0;
}

void ft_code_stop_calls(const struct ft_session *s, struct ft_space *sp)
{
	/* A private mapping, of which it has its own copy of this page from now on (mm/gup.c, FOLL_FORCE). */
	sp->stops = pwrite(ft_mem_of(sp), s->in->stopping, sizeof(s->in->stopping),
			    (off_t)(FT_RECORDER_BASE + FT_RECORDER_CODE)) ==
		    (ssize_t)sizeof(s->in->stopping);
}

void ft_code_stop_births(struct ft_space *sp, const struct ft_seccomp *filters)
{
	const uint64_t verdicts = FT_RECORDER_BASE + FT_RECORDER_CODE;
	static const uint8_t stop = FT_RECORDER_TRAP;

	/* Whose flags a filter may look at: the recorder's are others than the program's. */
	if (filters && !sp->stops_threads) {
		if (ft_text_write(sp, verdicts + SYS_clone, &stop, 1) ||
			ft_text_write(sp, verdicts + SYS_clone3, &stop, 1))
			sp->spoiled = true;
		sp->stops_threads = true;
	}
	if (!filters || sp->stops_births || ft_permits_threads(filters))
		return;
	if (ft_text_write(sp, verdicts + SYS_vfork, &stop, 1))
		sp->spoiled = true;
	sp->stops_births = true;
}

void ft_code_stop_forks(const struct ft_inline *in, struct ft_space *sp)
{
	const uint8_t stop[] = { sp->stops_threads ? FT_RECORDER_TRAP : in->clone_beside_threads,
		FT_RECORDER_TRAP };

	static_assert(SYS_fork == SYS_clone + 1, "one behind the other");
	if (sp->stops_forks)
		return;
	if (ft_text_write(sp, FT_RECORDER_BASE + FT_RECORDER_CODE + SYS_clone, stop, sizeof(stop)))
		sp->spoiled = true;
	sp->stops_forks = true;
}

void ft_code_stop_queries(struct ft_space *sp)
{
	static const uint8_t stop = FT_RECORDER_TABLE_TRAP;
	const uint64_t table = FT_RECORDER_BASE + FT_RECORDER_CODE + FT_RECORDER_VERDICTS;

	if (!ft_text_write(sp, table + SIGSYS, &stop, 1) &&
		!ft_text_write(sp, table + SIGTRAP, &stop, 1))
		sp->stops_queries = true;
	else
		sp->spoiled = true;
}
#endif
