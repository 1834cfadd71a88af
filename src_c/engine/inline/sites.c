#if defined(__x86_64__)
#include "engine/inline/sites.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINE	   64
#define FIRST_ROOM 64u

static_assert(FT_SITES_MAX < UINT16_MAX, "struct ft_site.next");

static uint32_t hash(uint64_t key)
{
	return (uint32_t)((key * 0x9e3779b97f4a7c15u) >> 32);
}

static uint16_t *line_of(const struct ft_sites *sites, uint64_t address)
{
	return &sites->lines[hash(address / LINE) & (sites->room - 1)];
}

struct ft_site *ft_sites_find(const struct ft_sites *sites, uint64_t address)
{
	uint16_t at = sites->count ? *line_of(sites, address) : 0;

	while (at && sites->list[at - 1].address != address)
		at = sites->list[at - 1].next;
	return at ? &sites->list[at - 1] : NULL;
}

static void link_site(struct ft_sites *sites, uint32_t i)
{
	uint16_t *line = line_of(sites, sites->list[i].address);

	sites->list[i].next = *line;
	*line = (uint16_t)(i + 1);
}

/* room is a power of two; and so many lines. */
static int set_room(struct ft_sites *sites, uint32_t room)
{
	uint16_t *lines = calloc(room, sizeof(*lines));
	struct ft_site *list = lines ? realloc(sites->list, room * sizeof(*list)) : NULL;

	if (!list) {
		free(lines);
		return -ENOMEM;
	}
	free(sites->lines);
	sites->list = list;
	sites->lines = lines;
	sites->room = room;
	for (uint32_t i = 0; i < sites->count; i++)
		link_site(sites, i);
	return 0;
}

/* What is noted of an address, beside that it came: */
#define LOOKED_AT	1 /* while others ran */
#define LOOKED_AT_ALONE 2
/* Sites that come once, before one takes another's place: they may go round in turn. */
#define PATIENCE 8

static uint64_t *note_of(const struct ft_sites *sites, uint64_t address)
{
	return &sites->noted[hash(address) % FT_SITES_NOTED];
}

static bool is_noted(const struct ft_sites *sites, uint64_t address, unsigned what)
{
	uint64_t note = sites->noted ? *note_of(sites, address) : 0;

	return note >> 2 == address && (note & what) == what;
}

static void note(struct ft_sites *sites, uint64_t address, unsigned what)
{
	uint64_t *note;

	if (!sites->noted)
		sites->noted = calloc(FT_SITES_NOTED, sizeof(*sites->noted));
	if (!sites->noted)
		return;
	note = note_of(sites, address);
	if (*note >> 2 == address)
		*note |= what;
	else if (what || !*note || ++sites->refused % PATIENCE == 0)
		*note = address << 2 | what;
}

bool ft_sites_are_full(const struct ft_sites *sites)
{
	return sites->count == FT_SITES_MAX;
}

struct ft_site *ft_sites_add(struct ft_sites *sites, uint64_t address)
{
	struct ft_site *site;

	if (ft_sites_are_full(sites))
		return NULL;
	if (sites->count == sites->room &&
		set_room(sites, sites->room ? 2 * sites->room : FIRST_ROOM) < 0)
		return NULL;
	site = &sites->list[sites->count];
	*site = (struct ft_site){ .address = address };
	link_site(sites, sites->count++);
	if (is_noted(sites, address, 0))
		*note_of(sites, address) = 0; /* room for the next */
	return site;
}

static uint32_t first_of(const struct ft_sites *sites, uint64_t line)
{
	return sites->count ? *line_of(sites, line * LINE) : 0;
}

struct ft_sites_walk ft_sites_from(const struct ft_sites *sites, uint64_t from, uint64_t to)
{
	return (struct ft_sites_walk){ .sites = sites,
		.line = from / LINE,
		.from = from,
		.to = to,
		.next = first_of(sites, from / LINE) };
}

struct ft_site *ft_sites_next(struct ft_sites_walk *walk)
{
	for (;;) {
		struct ft_site *site;

		while (!walk->next) {
			if (!walk->sites->count || ++walk->line * LINE >= walk->to)
				return NULL;
			walk->next = first_of(walk->sites, walk->line);
		}
		site = &walk->sites->list[walk->next - 1];
		walk->next = site->next;
		/* Other lines may be in the same list. */
		if (site->address / LINE == walk->line && site->address >= walk->from &&
			site->address < walk->to)
			return site;
	}
}

bool ft_sites_is_due(struct ft_sites *sites, uint64_t address)
{
	if (sites->count < FT_SITES_EAGER || is_noted(sites, address, 0))
		return true;
	note(sites, address, 0);
	return false;
}

bool ft_sites_is_looked(const struct ft_sites *sites, uint64_t address, bool alone)
{
	return sites->looks == FT_SITES_LOOKS_MAX ||
	       is_noted(sites, address, alone ? LOOKED_AT_ALONE : LOOKED_AT);
}

void ft_sites_set_looked(struct ft_sites *sites, uint64_t address, bool alone)
{
	if (sites->looks < FT_SITES_LOOKS_MAX)
		sites->looks++;
	note(sites, address, alone ? LOOKED_AT_ALONE : LOOKED_AT);
}

int ft_sites_copy(struct ft_sites *to, const struct ft_sites *from)
{
	*to = (struct ft_sites){ .count = from->count, .room = from->room };
	if (!from->room)
		return 0;
	to->list = malloc(from->room * sizeof(*to->list));
	to->lines = malloc(from->room * sizeof(*to->lines));
	if (!to->list || !to->lines) {
		ft_sites_free(to);
		return -ENOMEM;
	}
	memcpy(to->list, from->list, from->count * sizeof(*to->list));
	memcpy(to->lines, from->lines, from->room * sizeof(*to->lines));
	return 0;
}

void ft_sites_free(struct ft_sites *sites)
{
	free(sites->list);
	free(sites->lines);
	free(sites->noted);
	*sites = (struct ft_sites){ 0 };
}
#endif
