/* Any call with any memory: text of one line, printable, within its buffer, and an end in good time. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "decode/file_text.h"
#include "decode/json.h"
#include "decode/lines.h"
#include "decode/opened.h"
#include "tables/tables.h"

#define SIZE 65536
#define DATA 8192

static const struct ft_line_style plain = { "", "", "", "", 0, 32, false };

/* What can be an address: one of a few, so that pointers in memory lead to memory. */
static uint64_t take_address(struct input *in)
{
	uint8_t how = (uint8_t)take(in, 1);

	return how & 128 ? take(in, 8) : 0x1000u + (how & 7u) * 16u;
}

static void check_lines(const char *text, size_t length, size_t lines)
{
	REQUIRE(length && text[length - 1] == '\n');
	for (size_t i = 0; i < length; i++) {
		REQUIRE(text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~'));
		lines -= text[i] == '\n';
	}
	REQUIRE(!lines);
}

/* Every byte is there to be read, and what is inside of something ends with it. */
static void check_data(const struct ft_datum *list, size_t count)
{
	static volatile uint8_t read;

	for (size_t i = 0; i < count; i++) {
		const struct ft_datum *d = &list[i];

		REQUIRE(d->kind <= FT_DATUM_DESCRIPTOR);
		REQUIRE(!d->name || strlen(d->name) < 64);
		REQUIRE(!d->note || strlen(d->note) < FT_FILE_TEXT_MAX);
		if (d->kind == FT_DATUM_STRUCT || d->kind == FT_DATUM_LIST) {
			REQUIRE(d->count <= count - i - 1);
			check_data(d + 1, d->count);
			i += d->count;
		} else if (d->kind != FT_DATUM_INTEGER && d->kind != FT_DATUM_SET) {
			for (uint32_t at = 0; at < d->length; at++)
				read = d->bytes[at];
		}
	}
	(void)read;
}

static void one_as_data(const struct ft_view *view, size_t max)
{
	static struct ft_datum list[DATA];
	static char texts[SIZE];
	struct ft_data data;

	ft_data_start(&data, list, max, texts, max < DATA ? max * 8 : SIZE);
	ft_data_arguments(&data, view);
	REQUIRE(data.count <= max && !data.depth && !data.ignored);
	REQUIRE(max < DATA || !data.is_full);
	check_data(list, data.count);
	REQUIRE(ft_data_result(&data, view) ? data.is_full || data.count == 1 : !data.count);
	check_data(list, data.count);
	REQUIRE(ft_data_found(&data, view) ? data.is_full || data.count : !data.count);
	check_data(list, data.count);
}

/* What some descriptors of the call's task are, whatever they are called. */
static struct ft_open_files *some_files(const struct ft_event *ev)
{
	char netlink[32];
	int length = snprintf(netlink, sizeof(netlink), "socket:[7]%cNETLINK%c%u%c11", 0, 0,
		(unsigned)ev->args[5] % 24, 0);
	const struct {
		const char *link;
		size_t length;
	} links[] = { { "/a\n\377<b> (deleted)", 17 }, { "socket:[1]\0UNIX\0002\0@\377", 20 },
		{ netlink, (size_t)length }, { "/dev/x\0char\0001:3", 15 },
		{ "anon_inode:[pidfd]\0pid\0009", 24 }, { "", 0 } };
	struct ft_open_files *f;
	struct ft_owner *o;

	REQUIRE(!ft_open_files_new(&f));
	o = ft_open_files_owner(f, ev->tid, ev->pid);
	for (int i = 0; i < 6; i++) {
		struct ft_file *file = ft_file_new(f, links[i].link, links[i].length);

		ft_open_files_set(f, o, i ? i : (int32_t)FT_LINK_CWD, file, false, 0);
		ft_file_put(f, file);
	}
	return f;
}

/* Brackets that close as they were opened, strings that end, nothing but ASCII: the rest is tested from Python. */
static void check_json(const char *text, size_t length)
{
	char open[64];
	size_t depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		REQUIRE(c >= ' ' && c <= '~');
		if (in_string && c == '\\') {
			i++;
			continue;
		}
		in_string ^= c == '"';
		if (in_string)
			continue;
		if (c == '{' || c == '[') {
			REQUIRE(depth < sizeof(open));
			open[depth++] = c;
		} else if (c == '}' || c == ']') {
			REQUIRE(depth && open[--depth] == (c == '}' ? '{' : '['));
		}
	}
	REQUIRE(!depth && !in_string);
}

static void one_as_json(const struct ft_view *view, size_t room)
{
	static struct ft_datum list[DATA];
	static char texts[SIZE], buffer[SIZE];
	const struct ft_json_style style = {
		.comm = "null", .comm_length = 4, .string_max = 32, .without_args = room & 1
	};
	struct ft_text text;
	struct ft_data data;

	ft_data_start(&data, list, DATA, texts, SIZE);
	data.files = some_files(view->event);
	ft_opened_begin(data.files, view);
	ft_text_start(&text, buffer, room);
	ft_put_json_call(&text, view, &style, &data);
	ft_opened_end(data.files, view);
	ft_open_files_free(data.files);
	REQUIRE(text.at >= buffer && text.at <= buffer + room);
	if (text.is_full)
		return;
	REQUIRE(text.at[-1] == '\n');
	check_json(buffer, (size_t)(text.at - buffer) - 1);
}

/*
 * Of some calls a structure that says where in the memory behind it something lies: of the device mapper, of clocks,
 * of mounts. Returns how many snapshots that takes.
 */
static size_t lay_out(
	struct input *in, struct ft_event *ev, struct ft_snapshot *snapshots, uint8_t **copies)
{
	static const uint32_t clocks[] = { 0x80503d01, 0x40103d02, 0x40383d03, 0x43403d05,
		0xc0603d06, 0x40603d10, 0xc0403d11, 0xc4c03d12, 0xc4c03d16 };
	uint8_t which = (uint8_t)take(in, 1), how = (uint8_t)take(in, 1);
	size_t size = 1 + take(in, 2) % 1400;

	if (which % 8 != 3)
		return 0;
	ev->abi = FT_ABI_X86_64;
	ev->nr = which & 8 ? 457 : 16; /* statmount, ioctl */
	ev->args[1] = which & 8	   ? 0x2000
		      : which & 16 ? clocks[how % (sizeof(clocks) / sizeof(clocks[0]))]
				   : 0xc138fd00 | how % 18;
	ev->args[2] = which & 8 ? size : 0x2000;
	for (size_t i = 0; i < 2; i++) {
		/* What was not taken repeats itself: strings and lists that go on. */
		uint8_t *data = malloc(size), bytes[64];
		uint32_t head[] = { 4, which, (uint32_t)size + how % 16 - 8, (uint32_t)take(in, 2),
			(uint32_t)take(in, 1) };

		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = (uint8_t)take(in, 1);
		for (size_t k = 0; k < size; k++)
			data[k] = bytes[k % sizeof(bytes)];
		if (ev->nr == 16 && size >= sizeof(head) && how & 64)
			memcpy(data, head, sizeof(head));
		copies[i] = data;
		snapshots[i] = (struct ft_snapshot){ .address = 0x2000,
			.data = data,
			.length = (uint32_t)size,
			.type = FT_PAYLOAD_BYTES,
			.after = i,
			.truncated = how & 32,
			.fault = how & 16 };
	}
	return 2;
}

/* By snapshots, as engines will write them. */
static void one_call(struct input *in, struct ft_event *ev)
{
	static char buffer[SIZE];
	struct ft_snapshot snapshots[FT_SNAPSHOTS_MAX];
	struct ft_view view = { .event = ev, .snapshots = snapshots };
	uint8_t *copies[FT_SNAPSHOTS_MAX];
	struct ft_text text;
	size_t room;

	view.count = lay_out(in, ev, snapshots, copies);
	while (in->at < in->end && view.count < 16) {
		struct ft_snapshot *s = &snapshots[view.count];
		uint8_t how = (uint8_t)take(in, 1), length = (uint8_t)take(in, 1);

		*s = (struct ft_snapshot){ .address = take_address(in),
			.length = length % 160,
			.type = how & 1 ? FT_PAYLOAD_STRING : FT_PAYLOAD_BYTES,
			.after = how & 2,
			.truncated = how & 4,
			.fault = (how & 24) == 24 };
		/* A block of its own, for ASan to see what is read behind it. */
		copies[view.count] = malloc(s->length + !s->length);
		for (uint32_t i = 0; i < s->length; i++)
			copies[view.count][i] = (uint8_t)take(in, 1);
		for (uint32_t i = 0; how & 32 && i + 8 <= s->length; i += 8) {
			uint64_t address = 0x1000u + (copies[view.count][i] & 7u) * 16u;

			memcpy(copies[view.count] + i, &address, sizeof(address));
		}
		s->data = copies[view.count++];
	}
	room = ev->pid & 1 ? SIZE : (size_t)(uint16_t)ev->tid;
	ft_text_start(&text, buffer, room);
	ft_put_call(&text, &view, &plain);
	REQUIRE(text.at >= buffer && text.at <= buffer + room);
	REQUIRE(room < SIZE || !text.is_full);
	for (char *c = buffer; c < text.at; c++)
		REQUIRE(*c >= ' ' && *c <= '~');
	one_as_json(&view, room);
	one_as_data(&view, ev->pid & 1 ? DATA : (size_t)(uint16_t)ev->tid % 64);
	for (size_t i = 0; i < view.count; i++)
		free(copies[i]);
}

/* By a payload stream, as in a file that anybody may have written. */
static void one_block(struct input *in, const struct ft_event *ev)
{
	static char buffer[SIZE];
	struct ft_event events[3] = { *ev, *ev, *ev };
	size_t length = (size_t)(in->end - in->at), at = 0;
	uint8_t *stream = malloc(length + !length);
	uint32_t order[6];

	memcpy(stream, in->at, length);
	for (int i = 0; i < 3; i++) {
		events[i].payload = take(in, 2) % (length + 9);
		events[i].flags |= FT_FLAG_PAYLOAD;
		events[i].time_ns -= (uint64_t)i;
	}
	ft_order_of_end(events, 3, order);
	while (at < 3) {
		size_t done, n = ft_put_lines(&plain, NULL, events, order + at, 3 - at, stream,
				     length, 0, buffer, SIZE, &done);

		if (!done)
			break;
		check_lines(buffer, n, done);
		at += done;
	}
	REQUIRE(at == 3 || ev->kind != FT_KIND_SYSCALL);
	free(stream);
}

/* The call, or the next one that is told by its arguments; these become what one of its lines asks for. */
static void choose_line(struct input *in, struct ft_event *ev)
{
	const struct ft_shapes_of_abi *abi = &ft_shapes_of[ev->abi];
	uint32_t nr = (uint32_t)ev->nr % abi->count, left = abi->count;
	const struct ft_shape *shape;
	unsigned line;

	while (left-- && (!abi->at[nr] || !ft_shapes[abi->at[nr] - 1].nvariants))
		nr = (nr + 1) % abi->count;
	if (!abi->at[nr] || !ft_shapes[abi->at[nr] - 1].nvariants)
		return;
	ev->nr = (int32_t)nr;
	shape = &ft_shapes[abi->at[nr] - 1];
	line = (unsigned)take(in, 1) % shape->nvariants;
	shape += 1 + line;
	for (unsigned i = 0; i < shape->nconditions; i++) {
		const struct ft_condition *c = &ft_conditions[shape->conditions + i];
		unsigned skip = c->more ? (unsigned)take(in, 1) : 0;

		while (skip-- && c->more) {
			c++;
			i++;
		}
		ev->args[c->argument] = (ev->args[c->argument] & ~(uint64_t)c->mask) | c->value;
		while (ft_conditions[shape->conditions + i].more)
			i++;
	}
}

/* A call that another stands for, or one with structures of structures. */
static void choose_structure(struct input *in, struct ft_event *ev)
{
	static const int16_t calls[] = { 209, 270, 333, 435, 459, 460, 457, 458, 463, 464 };
	uint8_t which = (uint8_t)take(in, 1), how = (uint8_t)take(in, 1);
	const struct ft_subcall *s = &ft_subcalls[which % ft_subcall_count];

	if (how % 4 == 1) {
		ev->abi = FT_ABI_I386;
		ev->nr = s->nr;
		ev->args[0] = s->number | (uint64_t)(how >> 7) << 16;
	} else if (how % 4 == 2) {
		ev->abi = FT_ABI_X86_64;
		ev->nr = calls[which % (sizeof(calls) / sizeof(calls[0]))];
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	uint8_t how = (uint8_t)take(&in, 1);
	struct ft_event ev = { .kind = FT_KIND_SYSCALL,
		.abi = how & 4 ? (uint8_t)take(&in, 1) % (FT_ABI_COUNT + 1) : FT_ABI_X86_64,
		.nr = (int32_t)(how & 8 ? take(&in, 4) : take(&in, 2) % 480),
		.flags = (uint16_t)(how & 16 ? take(&in, 1) & ~FT_FLAG_PAYLOAD : 0),
		.time_ns = 1u << 30,
		.pid = (int32_t)take(&in, 1),
		.tid = (int32_t)take(&in, 2) };

	ev.ret = how & 32 ? (int64_t)take(&in, 8) : (int64_t)take(&in, 1) - 3;
	for (int i = 0; i < 6; i++)
		ev.args[i] = how >> (i & 1 ? 6 : 7) & 1 ? take(&in, 1) : take_address(&in);
	if (ev.abi < FT_ABI_COUNT && take(&in, 1) & 1)
		choose_line(&in, &ev);
	/* To a socket of netlink: see some_files(). */
	if (take(&in, 1) % 4 == 1) {
		ev.abi = FT_ABI_X86_64;
		ev.nr = 44 + (int32_t)(take(&in, 1) & 3); /* sendto, recvfrom, sendmsg, recvmsg */
		ev.args[0] = 2;
	} else
		choose_structure(&in, &ev);
	if (how & 1)
		one_block(&in, &ev);
	else
		one_call(&in, &ev);
	return 0;
}
