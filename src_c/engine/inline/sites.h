/* The sites of an address space that have a springboard, and those that were looked at in vain. */
#ifndef FT_SITES_H
#define FT_SITES_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/x86_64/site.h"

/*
 * Beyond these a site stays as it is, at a stop a call. Programs in daily use run some hundred sites; a
 * table is copied with each fork.
 */
#define FT_SITES_MAX 4096
/* Beyond these a site is looked at when it comes for a second time. */
#define FT_SITES_EAGER 256
/* Sites that came once, or were looked at in vain, which are remembered; one takes another's place. */
#define FT_SITES_NOTED 1024
/* Sites looked at in vain, before no new one is looked at. */
#define FT_SITES_LOOKS_MAX 16384

struct ft_site {
	uint64_t address;
	uint64_t springboard;
	uint16_t next; /* of the same line: 1 + its index; 0: none */
	uint8_t springboard_len, tail; /* tail: see ft_site_springboard */
	bool patched;
	uint8_t unpatched; /* times that a signal made us take an FT_PATCH_MOVED back */
	uint8_t original[FT_JMP_SIZE]; /* at address + patch.at: what the jmp is written over */
	uint8_t original_syscall[2]; /* FT_PATCH_PADDING: of the site itself */
	struct ft_patch patch;
};

struct ft_sites {
	struct ft_site *list;
	uint16_t *lines; /* by the address's line of 64 bytes: 1 + index of the first; 0: none */
	uint64_t *noted; /* by address: address << 2 | what is noted of it */
	uint32_t count, room, looks, refused;
};

struct ft_site *ft_sites_find(const struct ft_sites *sites, uint64_t address);
/*
 * A new one, all 0 but for its address. Pointers to others hold no longer. NULL: there is no room, or no
 * memory.
 */
struct ft_site *ft_sites_add(struct ft_sites *sites, uint64_t address);
bool ft_sites_are_full(const struct ft_sites *sites);

/* Walks the sites at from <= address < to: from ft_sites_from() with ft_sites_next() until NULL. */
struct ft_sites_walk {
	const struct ft_sites *sites;
	uint64_t line, from, to;
	uint32_t next;
};
struct ft_sites_walk ft_sites_from(const struct ft_sites *sites, uint64_t from, uint64_t to);
struct ft_site *ft_sites_next(struct ft_sites_walk *walk);

/* Whether it is worth while to look at a site that came: not, of very many, at one that comes once. */
bool ft_sites_is_due(struct ft_sites *sites, uint64_t address);
/* A site without a way to patch it, as things are. */
bool ft_sites_is_looked(const struct ft_sites *sites, uint64_t address, bool alone);
void ft_sites_set_looked(struct ft_sites *sites, uint64_t address, bool alone);

/* For the child of a fork. 0 or -ENOMEM. */
int ft_sites_copy(struct ft_sites *to, const struct ft_sites *from);
void ft_sites_free(struct ft_sites *sites);

#endif
