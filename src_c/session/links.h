/* What the descriptors of tasks are, as payload: see FT_PAYLOAD_LINK. */
#ifndef FT_LINKS_H
#define FT_LINKS_H

#include "session/session.h"
#include "tables/capture.h"

/* Of those that a call, which has ended, has made or changed, into the task's payload behind what is there. */
void ft_links_of_call(struct ft_session *s, struct ft_task *t, const struct ft_event *call,
	const struct ft_capture_op *op);
/* Of all that the task has, and its working directory. Returns their bytes, at most `room`. */
size_t ft_links_of_task(struct ft_session *s, struct ft_task *t, uint8_t *to, size_t room);
/* What two tasks have in common: CLONE_FILES, CLONE_FS; as far as the kernel tells. */
uint64_t ft_links_shared(pid_t a, pid_t b);

#endif
