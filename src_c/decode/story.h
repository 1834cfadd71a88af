/*
 * What all tasks do, as one text in the order of time. Tasks deliver their calls each for itself, a call when
 * it has ended; a line is told when nothing earlier can come any more, and a call that others fall into is
 * told in two pieces.
 */
#ifndef FT_DECODE_STORY_H
#define FT_DECODE_STORY_H

#include "decode/strace_text.h"

struct ft_story;

int ft_story_new(struct ft_story **out, const struct ft_strace_style *style);
void ft_story_free(struct ft_story *s);

/* Takes copies of a block of events; *newest_ns: when the last of them ended. -ENOMEM. */
int ft_story_add(struct ft_story *s, const struct ft_event *events, size_t count,
	const uint8_t *payload, size_t payload_length, uint64_t payload_base, uint64_t *newest_ns);

/* A task that may be waiting in a call: nothing that it did since has been delivered. */
struct ft_story_idle {
	uint64_t since_ns;
	int32_t tid;
	uint8_t abi; /* of its last call */
};

/* Those that have delivered nothing that ended since before_ns; returns how many, at most max. */
size_t ft_story_idle(
	const struct ft_story *s, uint64_t before_ns, struct ft_story_idle *out, size_t max);
/*
 * It was seen to wait in this call (tid, abi, nr, args), which is told up to what is known before it ends. Not
 * if that needs memory. -ENOMEM.
 */
int ft_story_suppose(struct ft_story *s, const struct ft_event *call);

/*
 * Writes what is to be told; returns the bytes. Sure to be delivered is what ended before sure_ns; FT_NEVER:
 * everything, it is the end. *more: the buffer, of which at least 64 KiB are needed, was too small for all.
 * If each task has a text of its own, *tid says whose this is, and there is more until nothing is returned.
 */
size_t ft_story_tell(
	struct ft_story *s, uint64_t sure_ns, char *buffer, size_t size, bool *more, int32_t *tid);

#endif
