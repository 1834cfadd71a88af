#define _GNU_SOURCE
#include "python/reads.h"

#include <stdlib.h>
#include <string.h>

#define BATCH	   128 /* pieces that ft_reader_pieces() takes at once */
#define NOT_THERE  UINT32_MAX
#define MERGED_MAX FT_READER_MAX

void ft_python_reads_begin(struct ft_python_reads *r, const struct ft_python_source *source,
	const struct ft_python_trail *trail)
{
	uint32_t size = 0;
	size_t n = 0;

	r->source = source;
	r->done_count = r->ahead_count = 0;
	r->left = FT_PYTHON_READS;
	for (; n < trail->count && trail->pieces[n].size <= sizeof(r->bytes) - size; n++) {
		r->ahead[n] = trail->pieces[n];
		r->at[n] = size;
		size += trail->pieces[n].size;
	}
	r->ahead_count = n;
	for (size_t i = 0; i < n;) {
		size_t want = n - i < BATCH ? n - i : BATCH;
		size_t had = source->pieces(source->from, r->ahead + i, want, r->bytes + r->at[i]);

		i += had;
		if (had < want)
			r->at[i++] = NOT_THERE; /* any more: the others may be */
	}
}

static int by_address(const void *a, const void *b)
{
	uint64_t left = ((const struct ft_piece *)a)->address,
		 right = ((const struct ft_piece *)b)->address;

	return left < right ? -1 : left > right;
}

/* Pieces that touch become one. */
static size_t merge(struct ft_piece *pieces, size_t n)
{
	size_t kept = 0;

	qsort(pieces, n, sizeof(*pieces), by_address);
	for (size_t i = 0; i < n; i++) {
		struct ft_piece *last = kept ? &pieces[kept - 1] : NULL;
		uint64_t end = pieces[i].address + pieces[i].size;

		if (last && pieces[i].address <= last->address + last->size &&
			end - last->address <= MERGED_MAX) {
			if (end > last->address + last->size)
				last->size = (uint32_t)(end - last->address);
			continue;
		}
		pieces[kept++] = pieces[i];
	}
	return kept;
}

void ft_python_reads_end(struct ft_python_reads *r, struct ft_python_trail *trail)
{
	size_t n = merge(r->done, r->done_count);
	struct ft_piece *pieces = trail->pieces;

	if (n == trail->count && (!n || !memcmp(pieces, r->done, n * sizeof(*pieces))))
		return;
	if (n > trail->count)
		pieces = realloc(pieces, n * sizeof(*pieces));
	if (!pieces)
		return; /* the old one serves as well, or less so */
	memcpy(pieces, r->done, n * sizeof(*pieces));
	trail->pieces = pieces;
	trail->count = n;
}

void ft_python_trail_free(struct ft_python_trail *trail)
{
	free(trail->pieces);
	*trail = (struct ft_python_trail){ 0 };
}

/* The bytes if they were read ahead. */
static const uint8_t *ahead(const struct ft_python_reads *r, uint64_t address, size_t size)
{
	size_t low = 0, high = r->ahead_count;
	const struct ft_piece *p;
	uint64_t skip;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (r->ahead[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || r->at[low - 1] == NOT_THERE)
		return NULL;
	p = &r->ahead[low - 1];
	skip = address - p->address;
	if (skip > p->size || size > p->size - skip)
		return NULL;
	return r->bytes + r->at[low - 1] + skip;
}

bool ft_python_read(struct ft_python_reads *r, uint64_t address, void *to, size_t size)
{
	const uint8_t *bytes = ahead(r, address, size);

	if (address + size < address || size > FT_READER_MAX || r->left-- <= 0)
		return false;
	if (bytes)
		memcpy(to, bytes, size);
	else if (!r->source->read(r->source->from, address, to, size))
		return false;
	if (r->done_count < FT_PYTHON_PIECES)
		r->done[r->done_count++] = (struct ft_piece){ address, (uint32_t)size };
	return true;
}

bool ft_python_read_word(struct ft_python_reads *r, uint64_t address, uint64_t *out)
{
	return ft_python_read(r, address, out, sizeof(*out));
}
