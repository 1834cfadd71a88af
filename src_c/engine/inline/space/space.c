#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/space/space.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/inline/mem.h"
#include "engine/inline/patch/near.h"
#include "engine/inline/space/code.h"
#include "engine/inline/space/memory.h"

static struct ft_space *new_space(struct ft_inline *in, pid_t pid, int memory)
{
	static uint64_t last;
	struct ft_space *sp = calloc(1, sizeof(*sp));

	if (!sp)
		return NULL;
	sp->id = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
	sp->pid = pid;
	sp->memory = memory;
	sp->program = ~0ull;
	sp->leftovers = &in->leftovers;
	return sp;
}

struct ft_space *ft_space_alloc(struct ft_inline *in, pid_t pid)
{
	int memory = ft_mem_open(pid);
	struct ft_space *sp = new_space(in, pid, memory);

	if (!sp && memory >= 0)
		close(memory);
	return sp;
}

int ft_space_fork(
	struct ft_session *s, struct ft_task *t, const struct ft_space *from, struct ft_space **out)
{
	/* One that may be closed to us by and by: now. */
	bool later = s->in->privileged || !from->stops_forks;
	struct ft_space *sp =
		later ? new_space(s->in, t->tgid, FT_MEM_LATER) : ft_space_alloc(s->in, t->tgid);
	int rc;

	if (!sp)
		return -ENOMEM;
	sp->ignores_faults = from->ignores_faults;
	sp->program = from->program;
	rc = ft_near_copy(&sp->nears, &from->nears);
	if (!rc)
		rc = ft_sites_copy(&sp->sites, &from->sites);
	if (rc < 0)
		goto fail;
	/* Its parent may have begun to stop while the copy was made. */
	if (from->stops)
		ft_code_stop_calls(s, sp);
	ft_code_stop_births(sp, t->filters);
	if (from->stops_queries)
		ft_code_stop_queries(sp);
	*out = sp;
	return 0;
fail:
	ft_space_free(sp);
	return rc;
}

bool ft_space_is_last(const struct ft_space *sp)
{
	return sp->refs - sp->unborn == 1;
}

void ft_space_free(struct ft_space *sp)
{
	if (!sp)
		return;
	ft_memory_free(sp);
	if (sp->memory >= 0)
		close(sp->memory);
	ft_sites_free(&sp->sites);
	ft_near_free(&sp->nears);
	free(sp);
}
#endif
