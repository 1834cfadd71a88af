/* A capture program while it runs: capture.c runs its ops, capture_take.c copies what one of them asks for. */
#ifndef FT_CAPTURE_RUN_H
#define FT_CAPTURE_RUN_H

#include "session/capture.h"
#include "session/fetch.h"

/* One call, as its program runs. All that it points to is read once, into the payload. */
struct ft_capture_run {
	struct ft_fetch *from;
	struct ft_task *t;
	enum ft_abi abi;
	const uint64_t *args;
	const struct ft_event *call; /* that has ended */
	int64_t ret;
	bool at_exit;
	uint8_t arg; /* of the op */
	uint32_t limit; /* of the op */
	uint64_t field; /* what a structure says that it counts by */
	int left; /* pointers that it may still follow */
};

/* A pointer or a size, of the call's ABI. */
uint32_t ft_capture_word(const struct ft_capture_run *r);
/* How many elements an op asks for. False: that stands where nothing can be read. */
bool ft_capture_count_of(struct ft_capture_run *r, const struct ft_capture_op *op, uint64_t *count);
/* What an op wants, from there, behind what is in the task's payload. */
void ft_capture_take(struct ft_capture_run *r, const struct ft_capture_op *op, uint64_t address);

#endif
