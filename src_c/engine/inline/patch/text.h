/* A process's text: read, and written while tasks run it. */
#ifndef FT_TEXT_H
#define FT_TEXT_H

#include "engine/inline/inline.h"

#define FT_REWRITES_MAX 64 /* at once */

/* Bytes to be replaced. */
struct ft_rewrite {
	uint64_t address;
	uint8_t len; /* 2 or FT_JMP_SIZE */
	uint8_t bytes[FT_JMP_SIZE];
	const uint8_t
		*text; /* what stands in the text now, from <= address < to; NULL: not known */
	uint64_t from, to;
};

/*
 * 0, or -ESRCH: the address space has gone; -EFAULT: nothing is mapped there, or not all of it. Where
 * /proc/PID/mem could not be opened, the task whose number is sp->pid must be stopped.
 */
int ft_text_read(const struct ft_space *sp, uint64_t address, void *bytes, size_t n);
int ft_text_write(const struct ft_space *sp, uint64_t address, const void *bytes, size_t n);

/* Whether no other task may run the text of a stopped task's space. */
bool ft_text_is_alone(const struct ft_task *t, const struct ft_space *sp);
/*
 * t: a stopped task of the space. Where others may run the text, an int3 first, then all but the first
 * byte, then that; in between all processors serialize, for one of them may have fetched the start of
 * an instruction and not yet its end. A thread that meets the int3 stops, and goes on when all is
 * written: ft_patch_rewind(). A negative errno: some of it may be written.
 */
int ft_text_rewrite(struct ft_session *s, struct ft_task *t, struct ft_space *sp,
	const struct ft_rewrite *list, int n);

#endif
