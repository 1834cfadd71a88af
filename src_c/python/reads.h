/*
 * The memory of a stopped task, as a look at its interpreter wants it: many small pieces, each found by what
 * stands in the one before. A thread's next look will want most of the same, so these are read ahead, in one
 * piece of work. Nothing is kept from one look to the next but where it was read.
 */
#ifndef FT_PYTHON_READS_H
#define FT_PYTHON_READS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/reader.h"

#define FT_PYTHON_PIECES 512
#define FT_PYTHON_AHEAD	 0x10000u /* bytes */
#define FT_PYTHON_READS	 8192

/* Where the memory comes from. */
struct ft_python_source {
	void *from;
	/* All of it, or false. size: at most FT_READER_MAX. */
	bool (*read)(void *from, uint64_t address, void *to, size_t size);
	/* As ft_reader_pieces(). */
	size_t (*pieces)(void *from, const struct ft_piece *pieces, size_t n, uint8_t *to);
};

/* Where a thread's last look has read; all zeros at first. */
struct ft_python_trail {
	struct ft_piece *pieces;
	size_t count;
};

/* One look. */
struct ft_python_reads {
	const struct ft_python_source *source;
	struct ft_piece ahead[FT_PYTHON_PIECES], done[FT_PYTHON_PIECES];
	uint32_t at[FT_PYTHON_PIECES]; /* in bytes; the piece is not there: UINT32_MAX */
	size_t ahead_count, done_count;
	int left; /* reads: what a program has laid out may lead on and on */
	uint8_t bytes[FT_PYTHON_AHEAD];
};

void ft_python_reads_begin(struct ft_python_reads *r, const struct ft_python_source *source,
	const struct ft_python_trail *trail);
/* Leaves where it has read. */
void ft_python_reads_end(struct ft_python_reads *r, struct ft_python_trail *trail);
void ft_python_trail_free(struct ft_python_trail *trail);

/* All of it, or false. size: at most FT_READER_MAX. */
bool ft_python_read(struct ft_python_reads *r, uint64_t address, void *to, size_t size);
bool ft_python_read_word(struct ft_python_reads *r, uint64_t address, uint64_t *out);

#endif
