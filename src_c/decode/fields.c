#include "decode/fields.h"

#include <string.h>

#define AT_ONCE 256 /* events: they fit into a processor's first cache */

static bool is_known(const struct ft_event *ev)
{
	return ev->abi < FT_ABI_COUNT && (uint32_t)ev->nr < FT_NR_MAX;
}

static bool is_unfinished(const struct ft_event *ev)
{
	return ev->kind == FT_KIND_SYSCALL && ev->flags & FT_FLAG_UNFINISHED;
}

static void fill_field(
	const struct ft_event *events, size_t count, const struct ft_column *c, size_t row)
{
	const uint8_t *from = (const uint8_t *)events + c->offset;
	uint8_t *to = (uint8_t *)c->values + row * c->size;

	/* A size that the compiler knows makes one instruction of memcpy. */
	for (size_t i = 0; i < count; i++, from += sizeof(*events), to += c->size) {
		if (c->size == 8)
			memcpy(to, from, 8);
		else if (c->size == 4)
			memcpy(to, from, 4);
		else
			memcpy(to, from, 2);
	}
}

static void fill_time(
	const struct ft_event *events, size_t count, const struct ft_column *c, size_t row)
{
	uint64_t *to = (uint64_t *)c->values + row;

	for (size_t i = 0; i < count; i++)
		to[i] = events[i].time_ns + (uint64_t)c->shift_ns;
}

static void fill_duration(
	const struct ft_event *events, size_t count, const struct ft_column *c, size_t row)
{
	uint64_t *to = (uint64_t *)c->values + row;

	for (size_t i = 0; i < count; i++) {
		const struct ft_event *ev = &events[i];

		to[i] = ev->duration_ns;
		c->valid[row + i] =
			(ev->kind == FT_KIND_SYSCALL && !is_unfinished(ev)) | (to[i] != 0);
	}
}

static void fill_ret(
	const struct ft_event *events, size_t count, const struct ft_column *c, size_t row)
{
	int64_t *to = (int64_t *)c->values + row;

	for (size_t i = 0; i < count; i++) {
		to[i] = events[i].ret;
		c->valid[row + i] = !is_unfinished(&events[i]) | (to[i] != 0);
	}
}

static void fill_descriptor(
	const struct ft_event *events, size_t count, const struct ft_column *c, size_t row)
{
	int32_t *to = (int32_t *)c->values + row;

	for (size_t i = 0; i < count; i++) {
		const struct ft_event *ev = &events[i];
		unsigned which = 6;

		if (ev->kind == FT_KIND_SYSCALL && is_known(ev))
			which = c->arguments[ev->abi * FT_NR_MAX + ev->nr];
		to[i] = which < 6 ? (int32_t)ev->args[which] : 0;
		c->valid[row + i] = which < 6;
	}
}

static bool fill_bytes(const struct ft_event *events, size_t count, const struct ft_column *c,
	size_t row, size_t offset)
{
	const uint8_t *from = (const uint8_t *)events + offset;
	int32_t *to = (int32_t *)c->values + row, any = 0;

	for (size_t i = 0; i < count; i++) {
		to[i] = c->places[from[i * sizeof(*events)]];
		any |= to[i];
	}
	return any < 0;
}

static bool fill_name(
	const struct ft_event *events, size_t count, const struct ft_column *c, size_t row)
{
	const int32_t *kinds = c->places + FT_ABI_COUNT * FT_NR_MAX;
	int32_t *to = (int32_t *)c->values + row, any = 0;

	for (size_t i = 0; i < count; i++) {
		const struct ft_event *ev = &events[i];

		if (ev->kind != FT_KIND_SYSCALL)
			to[i] = kinds[ev->kind];
		else
			to[i] = is_known(ev) ? c->places[ev->abi * FT_NR_MAX + ev->nr] : -1;
		any |= to[i];
	}
	return any < 0;
}

static bool fill_errno(
	const struct ft_event *events, size_t count, const struct ft_column *c, size_t row)
{
	int32_t *to = (int32_t *)c->values + row, any = 0;

	for (size_t i = 0; i < count; i++) {
		const struct ft_event *ev = &events[i];
		uint64_t number = -(uint64_t)ev->ret;

		to[i] = 0;
		c->valid[row + i] = ev->kind == FT_KIND_SYSCALL && ev->flags & FT_FLAG_ERROR;
		if (c->valid[row + i])
			to[i] = number <= FT_ERRNO_MAX ? c->places[number] : -1;
		any |= to[i];
	}
	return any < 0;
}

static void fill(const struct ft_event *events, size_t count, struct ft_column *c, size_t row)
{
	switch (c->of) {
	case FT_COLUMN_FIELD:
		fill_field(events, count, c, row);
		break;
	case FT_COLUMN_TIME:
		fill_time(events, count, c, row);
		break;
	case FT_COLUMN_DURATION:
		fill_duration(events, count, c, row);
		break;
	case FT_COLUMN_RET:
		fill_ret(events, count, c, row);
		break;
	case FT_COLUMN_DESCRIPTOR:
		fill_descriptor(events, count, c, row);
		break;
	case FT_COLUMN_KIND:
		c->is_open |= fill_bytes(events, count, c, row, offsetof(struct ft_event, kind));
		break;
	case FT_COLUMN_ABI:
		c->is_open |= fill_bytes(events, count, c, row, offsetof(struct ft_event, abi));
		break;
	case FT_COLUMN_NAME:
		c->is_open |= fill_name(events, count, c, row);
		break;
	case FT_COLUMN_ERRNO:
		c->is_open |= fill_errno(events, count, c, row);
		break;
	}
}

void ft_fill_columns(const struct ft_event *events, size_t count, struct ft_column *columns,
	size_t columns_count, size_t row)
{
	for (size_t k = 0; k < columns_count; k++)
		columns[k].is_open = false;
	for (size_t at = 0; at < count; at += AT_ONCE)
		for (size_t k = 0; k < columns_count; k++)
			fill(events + at, count - at < AT_ONCE ? count - at : AT_ONCE, &columns[k],
				row + at);
}
