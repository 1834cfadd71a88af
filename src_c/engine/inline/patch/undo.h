/* Patches are taken back. */
#ifndef FT_UNDO_H
#define FT_UNDO_H

#include "engine/inline/patch/text.h"

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

int ft_patch_undo(struct ft_session *s, struct ft_task *t, struct ft_site *site);
/* All but the padding, where a thread may still be about to jump from. */
int ft_patch_undo_all(struct ft_session *s, struct ft_task *t, struct ft_space *sp);
/* And that, once no task of the space is in it. */
void ft_patch_undo_padding(const struct ft_space *sp);
/*
 * The child of a fork, stopped before it runs, whose memory was copied while its parent's text was being
 * rewritten: what is not as a whole patch has it is as the program has it. 0 or a negative errno: it
 * must not run.
 */
int ft_patch_mend(struct ft_session *s, struct ft_space *sp);
/* For an instruction pointer in a springboard, or at the jmp in a padding: its site, else NULL. */
struct ft_site *ft_patch_of_springboard(const struct ft_space *sp, uint64_t ip);
struct ft_site *ft_patch_of_padding(const struct ft_space *sp, uint64_t ip);
/* For a task that ran into an int3 of ours: where it goes on. */
bool ft_patch_rewind(const struct ft_space *sp, uint64_t ip, uint64_t *to);

#endif
