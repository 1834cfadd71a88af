#define _GNU_SOURCE
#include "session/fetch.h"

#include <errno.h>
#include <string.h>

#define PAGE	    4096u
#define STRING_BITE 64u /* most strings are shorter */

void ft_fetch_again(struct ft_fetched *f)
{
	f->count = f->whole = f->next = 0;
	f->size = 0;
}

void ft_fetch_begin(struct ft_fetch *from, struct ft_session *s, struct ft_task *t, pid_t memory)
{
	from->s = s;
	from->t = t;
	from->memory = memory;
	ft_fetch_again(&from->first);
	ft_fetch_again(&from->then);
}

void ft_fetch_ask(struct ft_fetched *f, uint64_t address, uint64_t size)
{
	if (!address || !size || size > FT_FETCH_MAX || f->count == FT_FETCH_PIECES ||
		size > sizeof(f->bytes) - f->size)
		return;
	f->pieces[f->count] = (struct ft_piece){ .address = address, .size = (uint32_t)size };
	f->at[f->count++] = f->size;
	f->size += (uint32_t)size;
}

void ft_fetch_ask_string(struct ft_fetched *f, uint64_t address, uint32_t limit)
{
	uint32_t size = PAGE - (uint32_t)(address % PAGE);

	if (size > limit)
		size = limit;
	ft_fetch_ask(f, address, size < STRING_BITE ? size : STRING_BITE);
}

void ft_fetch_all(struct ft_fetch *from, struct ft_fetched *f)
{
	/* One piece by itself is read when its turn comes. */
	if (f->count > 1 && !from->t->unreadable)
		f->whole = ft_reader_pieces(
			from->s->reader, from->memory, f->pieces, f->count, f->bytes);
}

/* Returns how many bytes are there already. */
static uint32_t already(struct ft_fetched *f, uint64_t address, const uint8_t **bytes)
{
	for (size_t k = 0; k < f->whole; k++) {
		size_t i = (f->next + k) % f->whole;

		if (f->pieces[i].address != address)
			continue;
		f->next = i + 1;
		*bytes = f->bytes + f->at[i];
		return f->pieces[i].size;
	}
	return 0;
}

static uint32_t find(struct ft_fetch *from, uint64_t address, const uint8_t **bytes)
{
	uint32_t size = already(&from->then, address, bytes);

	return size ? size : already(&from->first, address, bytes);
}

ssize_t ft_fetch_bytes(struct ft_fetch *from, uint64_t address, uint8_t *to, uint32_t size)
{
	const uint8_t *bytes;
	uint32_t done = 0;

	if (size && find(from, address, &bytes) >= size) {
		memcpy(to, bytes, size);
		return (ssize_t)size;
	}
	while (done < size && !from->t->unreadable) {
		uint32_t bite = size - done < FT_READER_MAX ? size - done : FT_READER_MAX;
		ssize_t n = ft_reader_read(
			from->s->reader, from->memory, -1, address + done, to + done, bite);

		from->t->unreadable |= n == -ETIMEDOUT;
		if (n > 0)
			done += (uint32_t)n;
		if (n < (ssize_t)bite)
			break;
	}
	return done || !size ? (ssize_t)done : -EFAULT;
}

ssize_t ft_fetch_string(
	struct ft_fetch *from, uint64_t address, uint8_t *to, uint32_t max, int *truncated)
{
	const uint8_t *bytes, *nul;
	uint32_t size = find(from, address, &bytes), done = 0, bite;
	ssize_t n;

	if (size > max)
		size = max;
	nul = size ? memchr(bytes, 0, size) : NULL;
	if (nul || (size && size == max)) {
		*truncated = !nul;
		size = nul ? (uint32_t)(nul - bytes) : size;
		memcpy(to, bytes, size);
		return (ssize_t)size;
	}
	do {
		if (from->t->unreadable)
			return done ? (ssize_t)done : -ETIMEDOUT;
		bite = max - done < FT_READER_MAX ? max - done : FT_READER_MAX;
		n = ft_reader_string(from->s->reader, from->memory, address + done,
			(char *)to + done, bite, truncated);
		from->t->unreadable |= n == -ETIMEDOUT;
		if (n < 0) {
			*truncated = 1;
			return done ? (ssize_t)done : n;
		}
		done += (uint32_t)n;
	} while (*truncated && n == (ssize_t)bite && done < max);
	return (ssize_t)done;
}
