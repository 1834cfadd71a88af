#include "tally.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "record/errors.h"
#include "record/hist.h"

#define CHUNK_ROWS 32
#define BATCH	   32
#define HASH_FIRST 64 /* slots; a power of two */

struct row {
	struct ft_tally_row r; /* first: a row is handed out as this */
	struct ft_hist hist;
	struct ft_errors errors;
};

struct ft_tally {
	struct row **chunks; /* rows never move */
	size_t rows, chunks_room;
	struct row **slots; /* open-addressed, by key */
	size_t slots_mask;
	unsigned strangers; /* rows of numbers from FT_NR_MAX on, or below 0 */
};

static struct row *row_at(const struct ft_tally *t, size_t i)
{
	return &t->chunks[i / CHUNK_ROWS][i % CHUNK_ROWS];
}

int ft_tally_new(struct ft_tally **out)
{
	struct ft_tally *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->slots = calloc(HASH_FIRST, sizeof(*t->slots));
	if (!t->slots) {
		ft_tally_free(t);
		return -ENOMEM;
	}
	t->slots_mask = HASH_FIRST - 1;
	*out = t;
	return 0;
}

void ft_tally_free(struct ft_tally *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->rows; i++) {
		ft_hist_free(&row_at(t, i)->hist);
		ft_errors_free(&row_at(t, i)->errors);
	}
	for (size_t i = 0; i * CHUNK_ROWS < t->rows; i++)
		free(t->chunks[i]);
	free(t->chunks);
	free(t->slots);
	free(t);
}

static inline size_t hash_of(int32_t pid, int32_t serial, uint8_t abi, int32_t nr)
{
	uint64_t process = (uint64_t)(uint32_t)serial << 32 | (uint32_t)pid;
	uint64_t call = (uint64_t)abi << 32 | (uint32_t)nr;
	uint64_t h = process * 0x9e3779b97f4a7c15u ^ call * 0xd6e8feb86659fd93u;

	return (size_t)(h ^ h >> 32);
}

static inline bool is_row(
	const struct row *row, int32_t pid, int32_t serial, uint8_t abi, int32_t nr)
{
	return row->r.nr == nr && row->r.pid == pid && row->r.abi == abi && row->r.serial == serial;
}

static int slots_grow(struct ft_tally *t)
{
	size_t count = 2 * (t->slots_mask + 1);
	struct row **slots = calloc(count, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < t->rows; i++) {
		struct row *row = row_at(t, i);
		size_t at = hash_of(row->r.pid, row->r.serial, row->r.abi, row->r.nr);

		while (slots[at & (count - 1)])
			at++;
		slots[at & (count - 1)] = row;
	}
	free(t->slots);
	t->slots = slots;
	t->slots_mask = count - 1;
	return 0;
}

static struct row *row_append(struct ft_tally *t)
{
	struct row **chunks;
	size_t chunk = t->rows / CHUNK_ROWS, room;

	if (t->rows % CHUNK_ROWS == 0) {
		if (chunk == t->chunks_room) {
			room = 2 * t->chunks_room + 4;
			chunks = realloc(t->chunks, room * sizeof(struct row *));
			if (!chunks)
				return NULL;
			t->chunks = chunks;
			t->chunks_room = room;
		}
		t->chunks[chunk] = calloc(CHUNK_ROWS, sizeof(struct row));
		if (!t->chunks[chunk])
			return NULL;
	}
	return row_at(t, t->rows++);
}

static inline struct row *row_of(
	struct ft_tally *t, int32_t pid, int32_t serial, uint8_t abi, int32_t nr);

static __attribute__((noinline)) struct row *row_find(
	struct ft_tally *t, int32_t pid, int32_t serial, uint8_t abi, int32_t nr)
{
	size_t at = hash_of(pid, serial, abi, nr);
	struct row *row;

	for (; (row = t->slots[at & t->slots_mask]); at++)
		if (is_row(row, pid, serial, abi, nr))
			return row;
	if ((uint32_t)nr >= FT_NR_MAX && t->strangers == FT_TALLY_STRANGERS_MAX)
		return row_of(t, pid, serial, abi, FT_NR_MAX - 1);
	if (2 * (t->rows + 1) > t->slots_mask + 1) {
		if (slots_grow(t) < 0)
			return NULL;
		for (at = hash_of(pid, serial, abi, nr); t->slots[at & t->slots_mask]; at++)
			;
	}
	row = row_append(t);
	if (!row)
		return NULL;
	row->r.pid = pid;
	row->r.serial = serial;
	row->r.abi = abi;
	row->r.nr = nr;
	t->slots[at & t->slots_mask] = row;
	t->strangers += (uint32_t)nr >= FT_NR_MAX;
	return row;
}

static inline struct row *row_of(
	struct ft_tally *t, int32_t pid, int32_t serial, uint8_t abi, int32_t nr)
{
	struct row *row = t->slots[hash_of(pid, serial, abi, nr) & t->slots_mask];

	if (row && is_row(row, pid, serial, abi, nr))
		return row;
	return row_find(t, pid, serial, abi, nr);
}

static int count_error(struct row *row, int64_t number)
{
	row->r.errors++;
	return ft_errors_add(&row->errors, number, 1);
}

/* That has ended. */
static inline int count_time(struct row *row, uint64_t ns)
{
	unsigned bucket;

	if (ns < row->r.min_ns || row->r.finished == 0)
		row->r.min_ns = ns;
	if (ns > row->r.max_ns)
		row->r.max_ns = ns;
	row->r.finished++;
	row->r.total_ns += ns;
	bucket = ft_hist_bucket_of(ns);
	if (ft_hist_count(&row->hist, bucket))
		return 0;
	return ft_hist_add(&row->hist, bucket, 1, row->r.finished);
}

static inline int count(struct row *row, const struct ft_event *ev)
{
	row->r.calls++;
	if (ev->flags & FT_FLAG_UNFINISHED)
		return 0;
	/* INT64_MIN, from a damaged file, has no negative. */
	if (ev->flags & FT_FLAG_ERROR &&
		count_error(row, ev->ret >= -FT_ERRNO_MAX ? -ev->ret : 0) < 0)
		return -ENOMEM;
	return count_time(row, ev->duration_ns);
}

int ft_tally_add(struct ft_tally *t, int32_t pid, int32_t serial, const struct ft_event *ev)
{
	struct row *row;

	if (ev->kind != FT_KIND_SYSCALL)
		return 0;
	row = row_of(t, pid, serial, ev->abi, ev->nr);
	return row ? count(row, ev) : -ENOMEM;
}

int ft_tally_add_calls(struct ft_tally *t, int32_t pid, int32_t serial, uint8_t abi,
	const struct ft_tally_call *calls, size_t n)
{
	struct row *row = NULL;
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		if (!row || row->r.nr != calls[i].nr)
			row = row_of(t, pid, serial, abi, calls[i].nr);
		if (!row)
			return -ENOMEM;
		row->r.calls++;
		if (calls[i].error && count_error(row, calls[i].error) < 0)
			return -ENOMEM;
		rc = count_time(row, calls[i].ns);
	}
	return rc;
}

/* Rows by process, with their histograms, outgrow the caches: fetch those of a batch side by side.
 */
static int add_batch(struct ft_tally *t, const struct ft_event *ev, size_t n, int by_pid)
{
	struct row *rows[BATCH];
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		rows[i] = NULL;
		if (ev[i].kind != FT_KIND_SYSCALL)
			continue;
		rows[i] = row_of(t, by_pid ? ev[i].pid : 0, 0, ev[i].abi, ev[i].nr);
		if (!rows[i])
			return -ENOMEM;
		__builtin_prefetch(&rows[i]->errors.room, 1);
	}
	for (size_t i = 0; i < n; i++)
		if (rows[i])
			ft_hist_prefetch(&rows[i]->hist, ft_hist_bucket_of(ev[i].duration_ns));
	for (size_t i = 0; i < n && rc == 0; i++)
		if (rows[i])
			rc = count(rows[i], &ev[i]);
	return rc;
}

int ft_tally_add_all(struct ft_tally *t, const struct ft_event *ev, size_t n, int by_pid)
{
	size_t part;
	int rc = 0;

	for (; n && rc == 0; ev += part, n -= part) {
		part = n < BATCH ? n : BATCH;
		rc = add_batch(t, ev, part, by_pid);
	}
	return rc;
}

static void add_counts(struct ft_tally_row *row, const struct ft_tally_row *more)
{
	if (more->finished && (!row->finished || more->min_ns < row->min_ns))
		row->min_ns = more->min_ns;
	if (more->max_ns > row->max_ns)
		row->max_ns = more->max_ns;
	row->calls += more->calls;
	row->finished += more->finished;
	row->errors += more->errors;
	row->total_ns += more->total_ns;
}

int ft_tally_add_row(struct ft_tally *into, int32_t pid, int32_t serial, uint8_t abi, int32_t nr,
	const struct ft_tally *from, size_t i)
{
	const struct row *source = row_at(from, i);
	struct row *row = row_of(into, pid, serial, abi, nr);
	int rc;

	if (!row)
		return -ENOMEM;
	add_counts(&row->r, &source->r);
	rc = ft_errors_merge(&row->errors, &source->errors);
	if (rc == 0)
		rc = ft_hist_merge(&row->hist, &source->hist, row->r.finished);
	return rc;
}

int ft_tally_put(struct ft_tally *t, const struct ft_tally_row *r, const uint32_t *errnos,
	const uint64_t *counts, size_t n, const uint64_t *hist)
{
	uint64_t timed = 0;
	struct row *row;
	int rc = 0;

	for (unsigned i = 0; i < FT_HIST_BUCKETS; i++)
		if (__builtin_add_overflow(timed, hist[i], &timed))
			return -EINVAL;
	if (timed != r->finished || r->finished > r->calls || r->errors > r->finished ||
		r->min_ns > r->max_ns || n > FT_ERRNO_MAX + 1)
		return -EINVAL;
	row = row_of(t, r->pid, r->serial, r->abi, r->nr);
	if (!row)
		return -ENOMEM;
	add_counts(&row->r, r);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = ft_errors_add(&row->errors, errnos[i], counts[i]);
	for (unsigned i = 0; i < FT_HIST_BUCKETS && rc == 0; i++)
		if (hist[i])
			rc = ft_hist_add(&row->hist, i, hist[i], row->r.finished);
	return rc;
}

int ft_tally_merge(struct ft_tally *into, const struct ft_tally *from)
{
	struct ft_tally *twin = NULL;
	int rc = 0;

	if (into == from) { /* a row must not grow while it is read */
		rc = ft_tally_copy(&twin, from);
		from = twin;
	}
	for (size_t i = 0; rc == 0 && i < from->rows; i++) {
		const struct ft_tally_row *r = &row_at(from, i)->r;

		rc = ft_tally_add_row(into, r->pid, r->serial, r->abi, r->nr, from, i);
	}
	ft_tally_free(twin);
	return rc;
}

int ft_tally_copy(struct ft_tally **out, const struct ft_tally *t)
{
	struct ft_tally *copy;
	int rc = ft_tally_new(&copy);

	if (rc < 0)
		return rc;
	rc = ft_tally_merge(copy, t);
	if (rc < 0) {
		ft_tally_free(copy);
		return rc;
	}
	*out = copy;
	return 0;
}

size_t ft_tally_rows(const struct ft_tally *t)
{
	return t->rows;
}

const struct ft_tally_row *ft_tally_row(const struct ft_tally *t, size_t i)
{
	return &row_at(t, i)->r;
}

size_t ft_tally_errnos(
	const struct ft_tally *t, size_t i, uint32_t *errnos, uint64_t *counts, size_t max)
{
	return ft_errors_read(&row_at(t, i)->errors, errnos, counts, max);
}

void ft_tally_hist(const struct ft_tally *t, size_t i, uint64_t *counts)
{
	ft_hist_read(&row_at(t, i)->hist, counts);
}

uint64_t ft_tally_percentile(const struct ft_tally *t, size_t i, double q)
{
	const struct ft_tally_row *r = &row_at(t, i)->r;
	uint64_t value;

	if (!r->finished)
		return 0;
	value = ft_hist_percentile(&row_at(t, i)->hist, r->finished, q);
	return value < r->min_ns ? r->min_ns : value > r->max_ns ? r->max_ns : value;
}
