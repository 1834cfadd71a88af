/* What patch.c and undo.c know of a patch in common. */
#ifndef FT_PATCH_H
#define FT_PATCH_H

#include "engine/inline/text.h"

#define FT_PATCH_REACH 136 /* from a site to the end of its padding, at the most */
#define FT_UNPATCH_MAX 3 /* a site that signals interrupt time and again stays as it is */

/* Where a patch of this kind writes, and whether it has: bytes of a site that has a springboard. */
uint64_t ft_patch_address(const struct ft_site *site);
void ft_patch_bytes(const struct ft_site *site, struct ft_rewrite *out);
/* The jmp in the padding, which no task comes to but by such a site. False: none is needed. */
bool ft_patch_padding_bytes(const struct ft_site *site, struct ft_rewrite *out);
/* No other task can be about to return to behind a syscall: FT_PATCH_MOVED may be written. */
bool ft_patch_is_alone(const struct ft_space *sp);
/*
 * In bytes of the text, as read from an address on: what patches replace becomes what the program has
 * there, and the padding that they took, but for the patch of the site `own`, something that is none.
 */
void ft_patch_hide(
	const struct ft_space *sp, uint64_t own, uint64_t address, uint8_t *bytes, size_t n);
/* All that stands there; the program may have mapped something else there since. */
bool ft_patch_is_in_place(const struct ft_space *sp, const struct ft_site *site);

#endif
