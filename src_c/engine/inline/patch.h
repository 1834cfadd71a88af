/* What patch.c and undo.c know of a patch in common. */
#ifndef FT_PATCH_H
#define FT_PATCH_H

#include "engine/inline/text.h"

#define FT_UNPATCH_MAX 3 /* a site that signals interrupt time and again stays as it is */

/* Where a patch of this kind writes, and whether it has: bytes of a site that has a springboard. */
uint64_t ft_patch_address(const struct ft_site *site);
void ft_patch_bytes(const struct ft_site *site, struct ft_rewrite *out);
/* The jmp in the padding, which no task comes to but by such a site. False: none is needed. */
bool ft_patch_padding_bytes(const struct ft_site *site, struct ft_rewrite *out);
/* All that stands there; the program may have mapped something else there since. */
bool ft_patch_is_in_place(const struct ft_space *sp, const struct ft_site *site);

#endif
