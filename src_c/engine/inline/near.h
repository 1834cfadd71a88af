/* Memory for springboards, within reach of the text that they lead away from. */
#ifndef FT_NEAR_H
#define FT_NEAR_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/x86_64/site.h"

#define FT_NEAR_SIZE	0x4000u
#define FT_NEAR_SLOT	0 /* the address of the recorder's entry */
#define FT_NEAR_SCRATCH 0x40u /* where injected code may be written */
#define FT_NEAR_FIRST	0x800u
#define FT_NEAR_DUMMY	(FT_NEAR_SIZE - 0x1000u) /* a page to play with, see ft_recorder_sync() */
#define FT_NEAR_ROOM	((FT_NEAR_DUMMY - FT_NEAR_FIRST) / FT_SPRINGBOARD_SIZE)
#define FT_NEARS_MAX	16

struct ft_session;
struct ft_space;
struct ft_task;

struct ft_near {
	uint64_t base; /* 0: it has gone */
	uint32_t used; /* springboards that were given out */
};

struct ft_nears {
	struct ft_near list[FT_NEARS_MAX];
	uint16_t *owners; /* FT_NEAR_ROOM for each: 1 + the index of the site; 0: none */
	int count;
	bool refused; /* there is no place for more, or mmap says no */
};

/* What was mapped at base becomes one. 0 or a negative errno. */
int ft_near_add(const struct ft_session *s, struct ft_space *sp, uint64_t base);
/* One with room near an address, mapped by a stopped task if need be. 1; 0: there is none; or a negative errno. */
int ft_near_find(struct ft_session *s, struct ft_task *t, uint64_t address, struct ft_near **out);
/* The next springboard of one with room is that of a site (its index). Returns its address. */
uint64_t ft_near_take(struct ft_space *sp, struct ft_near *near, uint32_t site);
/* The base of that which holds an address; 0: none does. */
uint64_t ft_near_base(const struct ft_space *sp, uint64_t address);
/* The index of the site whose springboard holds an address, or -1. */
int32_t ft_near_owner(const struct ft_space *sp, uint64_t address);

/* In the child of a fork: forgets what its parent mapped after it. 0 or a negative errno. */
int ft_near_check(const struct ft_session *s, struct ft_space *sp);
/* 0 or -ENOMEM. */
int ft_near_copy(struct ft_nears *to, const struct ft_nears *from);
void ft_near_free(struct ft_nears *nears);

#endif
