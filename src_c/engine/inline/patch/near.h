/* Memory for springboards, within reach of the text that they lead away from. */
#ifndef FT_NEAR_H
#define FT_NEAR_H

#include "engine/inline/inline.h"

/* What was mapped at base becomes one. 0 or a negative errno. */
int ft_near_add(const struct ft_session *s, struct ft_space *sp, uint64_t base);
/* The same, without a word written there: that is done with its first springboards. */
int ft_near_add_blank(struct ft_space *sp, uint64_t base);
/* Writes springboards that lie one behind the other. 0 or a negative errno. */
#define FT_SPRINGBOARDS_MAX 32
int ft_near_write(const struct ft_session *s, struct ft_space *sp, uint64_t address,
	const uint8_t *code, size_t len);
/* One with room near an address, mapped by a stopped task if need be. 1; 0: there is none; or a negative errno. */
int ft_near_find(struct ft_session *s, struct ft_task *t, uint64_t address, struct ft_near **out);
/* The next springboard of one with room is that of a site (its index). Returns its address. */
uint64_t ft_near_take(struct ft_space *sp, struct ft_near *near, uint32_t site);
/* The base of the first that is there; 0: none is. */
uint64_t ft_near_first(const struct ft_space *sp);
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
