/* What a program's own tables say of the code that a signal's handler returns to. */
#ifndef FT_SIGNAL_FRAME_H
#define FT_SIGNAL_FRAME_H

#include "engine/inline/inline.h"

/*
 * Whether call frame information (.eh_frame) tells unwinders that this address, in text mapped from a file, is where a
 * signal's handler returns to. They look there first; where it says nothing they compare the bytes of the code
 * with those of rt_sigreturn's (libgcc, MD_FALLBACK_FRAME_STATE_FOR).
 */
bool ft_signal_frame_is_told(
	const struct ft_space *sp, const struct ft_mapping *text, uint64_t address);

#endif
