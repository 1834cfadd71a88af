#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/patch/near.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "engine/inline/maps.h"
#include "engine/inline/patch/text.h"
#include "engine/inline/run/run.h"

#define REACH 0x70000000ll /* of a jmp, with some room */

static uint64_t springboard(const struct ft_near *near, uint32_t i)
{
	return near->base + FT_NEAR_FIRST + (uint64_t)i * FT_SPRINGBOARD_SIZE;
}

static int index_of(const struct ft_space *sp, uint64_t address)
{
	for (int i = 0; i < sp->nears.count; i++)
		if (sp->nears.list[i].base && address - sp->nears.list[i].base < FT_NEAR_SIZE)
			return i;
	return -1;
}

int ft_near_add_blank(struct ft_space *sp, uint64_t base)
{
	struct ft_nears *nears = &sp->nears;
	size_t room = (size_t)nears->count * FT_NEAR_ROOM;
	uint16_t *owners = realloc(nears->owners, (room + FT_NEAR_ROOM) * sizeof(*owners));

	if (!owners)
		return -ENOMEM;
	nears->owners = owners;
	memset(owners + room, 0, FT_NEAR_ROOM * sizeof(*owners));
	nears->list[nears->count++] = (struct ft_near){ .base = base, .blank = true };
	sp->changes += 2; /* a fork that is under way may not have it */
	return 0;
}

int ft_near_add(const struct ft_session *s, struct ft_space *sp, uint64_t base)
{
	uint64_t entry = ft_recorder_entry(s->in->fsgsbase);
	int rc = ft_text_write(sp, base + FT_NEAR_SLOT, &entry, sizeof(entry));

	if (!rc)
		rc = ft_near_add_blank(sp, base);
	if (!rc)
		sp->nears.list[sp->nears.count - 1].blank = false;
	return rc;
}

int ft_near_write(const struct ft_session *s, struct ft_space *sp, uint64_t address,
	const uint8_t *code, size_t len)
{
	uint8_t first[FT_NEAR_FIRST + FT_SPRINGBOARDS_MAX * FT_SPRINGBOARD_SIZE] = { 0 };
	const uint64_t entry = ft_recorder_entry(s->in->fsgsbase);
	struct ft_near *near = &sp->nears.list[index_of(sp, address)];
	int rc;

	if (!near->blank)
		return ft_text_write(sp, address, code, len);
	memcpy(first + FT_NEAR_SLOT, &entry, sizeof(entry));
	memcpy(first + FT_NEAR_FIRST, code, len);
	if (address == near->base + FT_NEAR_FIRST) {
		rc = ft_text_write(sp, near->base, first, FT_NEAR_FIRST + len);
	} else {
		rc = ft_text_write(sp, near->base + FT_NEAR_SLOT, &entry, sizeof(entry));
		if (!rc)
			rc = ft_text_write(sp, address, code, len);
	}
	near->blank = rc;
	return rc;
}

static bool reaches(const struct ft_near *near, uint64_t address)
{
	int64_t away = (int64_t)(near->base - address);

	return near->base && away > -REACH && away < REACH;
}

int ft_near_find(struct ft_session *s, struct ft_task *t, uint64_t address, struct ft_near **out)
{
	struct ft_space *sp = t->in->space;
	struct ft_nears *nears = &sp->nears;
	uint64_t base;
	int64_t result;
	int rc;

	for (int i = 0; i < nears->count; i++) {
		*out = &nears->list[i];
		if ((*out)->used < FT_NEAR_ROOM && reaches(*out, address))
			return 1;
	}
	if (nears->refused || nears->count == FT_NEARS_MAX)
		return 0;
	base = ft_maps_gap_in(&s->in->maps, sp, address, FT_NEAR_SIZE);
	nears->refused = !base;
	if (!base)
		return 0;
	rc = ft_run_recorder_call(s, t, SYS_mmap,
		(uint64_t[6]){ base, FT_NEAR_SIZE, PROT_READ | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, (uint64_t)-1 },
		&result);
	if (rc == -EPERM) { /* a filter of the program's forbids it */
		nears->refused = true;
		return 0;
	}
	if (rc < 0)
		return rc;
	nears->refused = result < 0;
	if (result < 0)
		return 0;
	rc = ft_near_add(s, sp, base);
	*out = &nears->list[nears->count - 1];
	return rc < 0 ? rc : 1;
}

uint64_t ft_near_first(const struct ft_space *sp)
{
	uint64_t base = 0;

	for (int i = 0; !base && i < sp->nears.count; i++)
		base = sp->nears.list[i].base;
	return base;
}

uint64_t ft_near_take(struct ft_space *sp, struct ft_near *near, uint32_t site)
{
	size_t first = (size_t)(near - sp->nears.list) * FT_NEAR_ROOM;

	sp->nears.owners[first + near->used] = (uint16_t)(site + 1);
	return springboard(near, near->used++);
}

uint64_t ft_near_base(const struct ft_space *sp, uint64_t address)
{
	int i = index_of(sp, address);

	return i < 0 ? 0 : sp->nears.list[i].base;
}

int32_t ft_near_owner(const struct ft_space *sp, uint64_t address)
{
	int near = index_of(sp, address);
	uint64_t at;

	if (near < 0)
		return -1;
	at = (address - springboard(&sp->nears.list[near], 0)) / FT_SPRINGBOARD_SIZE;
	if (at >= sp->nears.list[near].used)
		return -1;
	return sp->nears.owners[near * (int)FT_NEAR_ROOM + (int)at] - 1;
}

int ft_near_check(const struct ft_session *s, struct ft_space *sp)
{
	const uint64_t entry = ft_recorder_entry(s->in->fsgsbase);

	for (int i = 0; i < sp->nears.count; i++) {
		struct ft_near *near = &sp->nears.list[i];
		uint64_t slot = 0;
		int rc = ft_text_read(sp, near->base + FT_NEAR_SLOT, &slot, sizeof(slot));

		if (rc && rc != -EFAULT)
			return rc;
		if (rc || (slot != entry && !near->blank))
			near->base = 0;
	}
	return 0;
}

int ft_near_copy(struct ft_nears *to, const struct ft_nears *from)
{
	size_t size = (size_t)from->count * FT_NEAR_ROOM * sizeof(*to->owners);

	*to = *from;
	if (!size)
		return 0;
	to->owners = malloc(size);
	if (!to->owners)
		return -ENOMEM;
	memcpy(to->owners, from->owners, size);
	return 0;
}

void ft_near_free(struct ft_nears *nears)
{
	free(nears->owners);
	nears->owners = NULL;
}
#endif
