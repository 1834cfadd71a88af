/*
 * What is recorded goes into the tally, the process table and the ring: calls are counted, and events written, here
 * and nowhere else.
 */
#ifndef FT_EMIT_H
#define FT_EMIT_H

#include "session/session.h"

/* One event; payload: its items. */
void ft_emit(struct ft_session *s, const struct ft_task *t, struct ft_event *ev,
	const void *payload, size_t payload_len);
/*
 * Calls that were seen as a whole. They are finished. Of those with FT_FLAG_PAYLOAD `payload` is the offset of
 * their items in this one, in their order.
 */
void ft_emit_calls(struct ft_session *s, struct ft_task *t, struct ft_event *calls, size_t n,
	const void *payload, size_t payload_len);
/* Calls of which nothing is wanted but a row of the tally: see ft_record_only_counts(). */
void ft_emit_counted(struct ft_session *s, const struct ft_task *t, enum ft_abi abi,
	const struct ft_tally_call *calls, size_t n);

#endif
