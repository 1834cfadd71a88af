#if defined(__x86_64__)
#include "engine/inline/inline.h"

#include <errno.h>
#include <stdlib.h>

/* The sites of a space: open-addressed by address, which is never 0. */

static uint32_t slot(const struct ft_space *sp, uint64_t address)
{
	uint32_t at = (uint32_t)((address * 0x9e3779b97f4a7c15u) >> 32) & (sp->site_room - 1);

	while (sp->sites[at].address && sp->sites[at].address != address)
		at = (at + 1) & (sp->site_room - 1);
	return at;
}

struct ft_site *ft_site_find(const struct ft_space *sp, uint64_t address)
{
	struct ft_site *site = sp->site_room ? &sp->sites[slot(sp, address)] : NULL;

	return site && site->address ? site : NULL;
}

static int grow(struct ft_space *sp)
{
	struct ft_space bigger = *sp;

	bigger.site_room = sp->site_room ? 2 * sp->site_room : 64;
	bigger.sites = calloc(bigger.site_room, sizeof(*bigger.sites));
	if (!bigger.sites)
		return -ENOMEM;
	for (uint32_t i = 0; i < sp->site_room; i++)
		if (sp->sites[i].address)
			bigger.sites[slot(&bigger, sp->sites[i].address)] = sp->sites[i];
	free(sp->sites);
	sp->sites = bigger.sites;
	sp->site_room = bigger.site_room;
	return 0;
}

struct ft_site *ft_site_add(struct ft_space *sp, uint64_t address)
{
	struct ft_site *site;

	if (2 * (sp->site_count + 1) > sp->site_room && grow(sp) < 0)
		return NULL;
	site = &sp->sites[slot(sp, address)];
	if (!site->address)
		sp->site_count++;
	*site = (struct ft_site){ .address = address };
	return site;
}

struct ft_site *ft_site_of_springboard(const struct ft_space *sp, uint64_t ip)
{
	bool near = false;

	for (int i = 0; i < sp->near_count; i++)
		near |= ip - sp->nears[i].base < FT_NEAR_SIZE;
	for (uint32_t i = 0; near && i < sp->site_room; i++) {
		struct ft_site *site = &sp->sites[i];

		if (site->springboard && ip - site->springboard < site->springboard_len)
			return site;
	}
	return NULL;
}
#endif
