/* Where the tracer thread and a handler in another thread meet: one call at a time. */
#ifndef FT_HANDOVER_H
#define FT_HANDOVER_H

#include <pthread.h>
#include <stdbool.h>

#include "fasttrace.h"

struct ft_session;

enum ft_handover_state {
	FT_HANDOVER_NONE,
	FT_HANDOVER_OFFERED, /* `call` waits to be taken */
	FT_HANDOVER_TAKEN,
	FT_HANDOVER_ANSWERED,
};

/* Guarded by ft_session.lock; changes are told by ft_session.changed. */
struct ft_handover {
	enum ft_handover_state state;
	pthread_t taker; /* if TAKEN */
	struct ft_handed call;
	uint64_t set; /* registers of call that ft_set_registers() has changed */
	struct ft_answer answer;
};

/*
 * By the tracer thread: offers a call and waits for the answer. False: the session ends, there is none.
 */
bool ft_hand_over(struct ft_session *s, const struct ft_handed *call, struct ft_answer *answer);

#endif
