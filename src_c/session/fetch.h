/*
 * What a call points to, read from outside: much of it at once, for each piece by itself would cost a system
 * call or two.
 */
#ifndef FT_FETCH_H
#define FT_FETCH_H

#include "kernel/reader.h"
#include "session/session.h"

#define FT_FETCH_PIECES 128
#define FT_FETCH_MAX	512u /* bytes of a piece; longer ones are read when their turn comes */

struct ft_fetched {
	struct ft_piece pieces[FT_FETCH_PIECES];
	uint32_t at[FT_FETCH_PIECES]; /* in bytes */
	size_t count, whole; /* that were asked for, and that are there */
	size_t next; /* that will be wanted, most likely */
	uint32_t size;
	uint8_t bytes[32 * FT_FETCH_MAX];
};

struct ft_fetch {
	struct ft_session *s;
	struct ft_task *t; /* unreadable: nothing more is read */
	pid_t memory; /* the task whose memory it is */
	struct ft_fetched first, then; /* what arguments point to, and what that points to */
};

void ft_fetch_begin(struct ft_fetch *from, struct ft_session *s, struct ft_task *t, pid_t memory);
/* Forgets what is there, to ask for other pieces. */
void ft_fetch_again(struct ft_fetched *f);
/* Asks for memory that is about to be read, a string's as far as it may be short. */
void ft_fetch_ask(struct ft_fetched *f, uint64_t address, uint64_t size);
void ft_fetch_ask_string(struct ft_fetched *f, uint64_t address, uint32_t limit);
/* Reads it, in one piece of work. */
void ft_fetch_all(struct ft_fetch *from, struct ft_fetched *f);

/* As many bytes as can be read, or -EFAULT. */
ssize_t ft_fetch_bytes(struct ft_fetch *from, uint64_t address, uint8_t *to, uint32_t size);
/* As ft_reader_string(). */
ssize_t ft_fetch_string(
	struct ft_fetch *from, uint64_t address, uint8_t *to, uint32_t max, int *truncated);

#endif
