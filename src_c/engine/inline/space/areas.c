#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/space/areas.h"

#include "engine/inline/space/memory.h"
#include "engine/inline/space/placing.h"

static int take_area(struct ft_inline_task *it, int i, int slot)
{
	struct ft_chunk *chunk = &it->space->chunks[i];
	size_t at = (size_t)slot * FT_AREA_STEP;
	int rc;

	it->area = (struct ft_area *)(chunk->map + at);
	it->base = FT_MEMORY_BASE + (uint64_t)i * FT_CHUNK + at;
	rc = ft_area_init(it, chunk->used >> slot & 1, chunk->opened >> slot & 1);
	if (rc < 0) {
		it->area = NULL;
		return rc;
	}
	it->chunk = i;
	it->slot = slot;
	chunk->taken |= (uint16_t)(1u << slot);
	chunk->used |= (uint16_t)(1u << slot);
	return 0;
}

int ft_space_area(struct ft_session *s, struct ft_inline_task *it, struct ft_standing *state)
{
	struct ft_space *sp = it->space;

	for (;;) {
		int rc;

		for (int i = 0; i < sp->mapped; i++)
			if (!(sp->chunks[i / FT_CHUNK_AREAS].taken >> i % FT_CHUNK_AREAS & 1))
				return take_area(it, i / FT_CHUNK_AREAS, i % FT_CHUNK_AREAS);
		rc = sp->mapped ? ft_memory_grow(s, it->task, sp)
				: ft_space_place_areas(s, it->task, state);
		if (rc < 0)
			return rc;
	}
}

void ft_space_release(struct ft_inline_task *it)
{
	struct ft_chunk *chunk = &it->space->chunks[it->chunk];

	if (it->area) {
		if (it->makes_threads && ft_area_expects_birth(ft_area_birth(it->area)))
			chunk->expects |= (uint16_t)(1u << it->slot);
		ft_area_end_births(it);
		chunk->taken &= (uint16_t)~(1u << it->slot);
		chunk->opened |= (uint16_t)(it->opened << it->slot);
	}
	it->area = NULL;
}
#endif
