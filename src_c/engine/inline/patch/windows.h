/* What stands around sites that may be patched. */
#ifndef FT_WINDOWS_H
#define FT_WINDOWS_H

#include "engine/inline/inline.h"
#include "engine/inline/patch/files.h"

#define FT_WINDOWS_MAX	 32 /* at once */
#define FT_WINDOW_BEHIND 1024u /* a site, so that what lies near is written in one go */

/* A site that may be patched: what is known of it, and what stands around it in this space. */
struct ft_candidate {
	struct ft_known known;
	uint64_t site;
	uint16_t
		room; /* bytes of the text from the site on, of which known.after are its window's */
	uint8_t text[FT_SITE_WINDOW + FT_WINDOW_BEHIND];
};

/* Of each candidate, into its text. False: not all can be read. */
bool ft_windows_read(
	struct ft_inline *in, const struct ft_space *sp, struct ft_candidate *candidates, int n);
/* The program's own bytes are those for which it was found out how the site is patched. */
bool ft_windows_are_as_known(const struct ft_space *sp, const struct ft_candidate *c);

#endif
