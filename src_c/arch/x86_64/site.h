/* A `syscall` instruction in the program's text, and how it can be led to the recorder. */
#ifndef FT_SITE_H
#define FT_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ft_patch_kind {
	FT_PATCH_NONE, /* it cannot: each call there stops once */
	/* jmp over the `mov $nr, %eax` before the syscall, which stays */
	FT_PATCH_MOV,
	/* jmp over any other instruction before the syscall, which stays; as may short ones in between */
	FT_PATCH_BEFORE,
	/* short jmp over the syscall into dead padding, which holds the jmp */
	FT_PATCH_PADDING,
	/* jmp over the syscall and what follows it, which moves; not while others may return there */
	FT_PATCH_MOVED,
};

#define FT_MOVED_MAX 16

struct ft_patch { /* without holes: compared as bytes */
	uint8_t kind; /* enum ft_patch_kind */
	uint8_t moved_len;
	int16_t at; /* offset from the site of the first byte written: of the jmp to the springboard */
	int16_t padding; /* FT_PATCH_PADDING: `at`; the short jmp lies at the site itself */
	uint8_t moved
		[FT_MOVED_MAX]; /* bytes that run in the springboard instead, and a lea that does the same there */
};

#define FT_SITE_WINDOW 256 /* bytes before and after a site that are worth looking at */
#define FT_JMP_SIZE    5

/*
 * Looks at the code around a site that a task just stopped at with this number in eax. before, after:
 * bytes that can be read on either side, the site's own counted as after. alone: no other task
 * can be about to return to behind the site. address: of the site.
 */
void ft_site_analyse(const uint8_t *site, size_t before, size_t after, uint64_t address,
	uint32_t nr, bool alone, struct ft_patch *out);

#define FT_SPRINGBOARD_SIZE 32 /* more than the longest */

/*
 * Writes the springboard that lies at `address` and leads from a patched site to the recorder, whose
 * entry's address stands at `slot`. Returns its length; 0: what moves would not do the same there. *tail: offset where a moved instruction begins, which is where
 * the call returns to; 0: it returns behind the site.
 */
size_t ft_site_springboard(const struct ft_patch *patch, uint64_t site, uint64_t address,
	uint64_t slot, uint8_t out[FT_SPRINGBOARD_SIZE], uint8_t *tail);

/* Whether the jmp lies over the instruction before the syscall, which runs in the springboard first. */
static inline bool ft_patch_is_before(const struct ft_patch *patch)
{
	return patch->kind == FT_PATCH_MOV || patch->kind == FT_PATCH_BEFORE;
}

/* The 5 bytes of a jmp from `from` to `to`, at most 2 GiB apart. */
void ft_site_jmp(uint64_t from, uint64_t to, uint8_t out[FT_JMP_SIZE]);

#endif
