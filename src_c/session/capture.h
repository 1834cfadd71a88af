/* Capture programs run from outside, on a task that stands at its call: see tables/capture.h. */
#ifndef FT_CAPTURE_H
#define FT_CAPTURE_H

#include "session/payload.h"
#include "session/session.h"
#include "tables/capture.h"

/* The most that the payload of one call takes. What does not fit is left out. */
#define FT_CAPTURE_ROOM 0x20000u
/* What one op follows of pointers; elements and messages beyond are left out. */
#define FT_CAPTURE_FOLLOWED 128
/* With FT_OPT_ENVIRONMENTS: all that such a vector has room for. */
#define FT_CAPTURE_FOLLOWED_WHOLE (FT_STRUCTURE_MAX / 8)

/* The program for this call, never NULL. */
const struct ft_capture_program *ft_capture_program(
	const struct ft_session *s, enum ft_abi abi, uint64_t nr);
/* How many ops it has in this session. */
int ft_capture_count(const struct ft_session *s, const struct ft_capture_program *p);
/* Whether one of those is run. */
bool ft_capture_wants(const struct ft_session *s, const struct ft_capture_op *op);
/* The bytes that an op copies at most. */
uint32_t ft_capture_limit(const struct ft_session *s, const struct ft_capture_op *op);

/*
 * What the program copies before the call becomes the task's payload; what it copies afterwards is put
 * behind that. memory: a task whose memory it is.
 */
void ft_capture_entry(struct ft_session *s, struct ft_task *t, pid_t memory, enum ft_abi abi,
	uint64_t nr, const uint64_t args[6]);
void ft_capture_exit(struct ft_session *s, struct ft_task *t, const struct ft_event *call);
/* The task's payload is this. False: there is no memory. */
bool ft_capture_set(struct ft_task *t, const void *items, size_t size);

#endif
