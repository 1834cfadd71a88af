/* The recorder at its place, writing records of either kind into the first area. */
#ifndef FT_EITHER_RECORD_H
#define FT_EITHER_RECORD_H

#include "arch/x86_64/recorder.h"

#include <string.h>

static uint8_t *verdicts;
static bool brief; /* records are */

#define SIZE (unsigned)(brief ? sizeof(struct ft_brief) : sizeof(struct ft_raw)) /* of a record */
#define HEAD (brief ? FT_BRIEF_HEAD : FT_BLOCK_HEAD)

static inline void set_brief(bool is_brief)
{
	brief = is_brief;
	ft_recorder_code(verdicts - FT_RECORDER_CODE, brief);
}

/* The record that begins at this address, while no other has been begun. */
static inline struct ft_raw record_at(uint64_t at)
{
	struct ft_raw raw;

	if (brief)
		ft_recorder_lengthen((const struct ft_brief *)at,
			(const struct ft_kept *)(FT_RECORDER_AREAS + FT_BLOCK_HEAD), &raw);
	else
		memcpy(&raw, (const void *)at, sizeof(raw));
	return raw;
}

#endif
