#define _GNU_SOURCE
#include "python/stack.h"

#include <string.h>

#include "event.h"
#include "python/linetable.h"
#include "python/text.h"

#define INTERPRETERS_MAX 256
#define THREADS_MAX	 4096 /* that are looked at for one */
#define WALKS_MAX	 4
#define SHIMS_MAX	 64 /* in a row */
#define FILE_SIZE	 4096u /* PATH_MAX */
#define NAME_SIZE	 512u
#define LINES_BITE	 256u
#define LINES_MAX	 0x100000u
#define TAGS		 7ull /* of a reference, 3.14: objects are aligned */

struct look {
	struct ft_python_reads *r;
	const struct ft_python_interpreter *in;
	const struct ft_python_layout *at;
};

/* The thread state is this thread's; *frame: what it runs, or 0. */
static bool is_own(const struct look *l, uint64_t state, uint64_t self, uint64_t *frame)
{
	uint64_t id;

	if (!ft_python_read_word(l->r, state + l->at->thread_id, &id) || id != self ||
		!ft_python_read_word(l->r, state + l->at->thread_frame, frame))
		return false;
	if (l->at->cframe_frame == FT_PYTHON_NONE || !*frame)
		return true;
	return ft_python_read_word(l->r, *frame + l->at->cframe_frame, frame);
}

/*
 * One with a frame: the thread has others where it made a thread that has not begun yet (3.11), and in each
 * interpreter that it entered. The newest interpreter comes first, and in that the newest state. 1: found;
 * 0: there is none; -1: the list ended in nothing.
 */
static int walk(const struct look *l, uint64_t self, uint64_t *state, uint64_t *frame)
{
	uint64_t interpreter, next;
	int threads = 0;

	if (!ft_python_read_word(l->r, l->in->runtime + l->at->runtime_head, &interpreter))
		return -1;
	for (int i = 0; interpreter && i < INTERPRETERS_MAX; i++) {
		if (!ft_python_read_word(l->r, interpreter + l->at->interpreter_threads, state))
			return -1;
		for (; *state && threads < THREADS_MAX; threads++) {
			if (is_own(l, *state, self, frame) && *frame)
				return 1;
			if (!ft_python_read_word(l->r, *state + l->at->thread_next, &next))
				return -1;
			*state = next;
		}
		if (!ft_python_read_word(l->r, interpreter + l->at->interpreter_next, &interpreter))
			return -1;
	}
	return 0;
}

/* With one interpreter a thread has one state, for all its life. */
static bool is_alone(const struct look *l)
{
	uint64_t interpreter, next;

	return ft_python_read_word(l->r, l->in->runtime + l->at->runtime_head, &interpreter) &&
	       interpreter &&
	       ft_python_read_word(l->r, interpreter + l->at->interpreter_next, &next) && !next;
}

/* The frame that runs; 0: none. */
static uint64_t find(const struct look *l, struct ft_python_thread *thread, uint64_t self)
{
	uint64_t state, frame;
	int rc = -1;

	if (thread->state && is_alone(l) && is_own(l, thread->state, self, &frame) && frame)
		return frame;
	thread->state = 0;
	/* Others take themselves off the list meanwhile, and with them the way to what follows. */
	for (int i = 0; rc < 0 && i < WALKS_MAX; i++)
		rc = walk(l, self, &state, &frame);
	if (rc <= 0)
		return 0;
	thread->state = state;
	return frame;
}

struct frame {
	uint64_t code, instruction, previous;
	int32_t copy; /* of the code's instructions that it runs; 0: the first, or the only one */
};

/* Where the instructions begin that the frame runs; 0: it runs none of these. */
static uint64_t start_of(const struct look *l, const struct frame *f)
{
	uint64_t copies, count, units, start;

	if (!f->copy)
		return f->code + l->at->code_start;
	if (f->copy < 0 || !ft_python_read_word(l->r, f->code + l->at->code_copies, &copies) ||
		!ft_python_read_word(l->r, copies, &count) || (uint64_t)f->copy >= count ||
		!ft_python_read_word(
			l->r, copies + sizeof(count) + (uint64_t)f->copy * sizeof(start), &start) ||
		!ft_python_read_word(l->r, f->code + l->at->code_units, &units))
		return 0;
	return f->instruction >= start && (f->instruction - start) / 2 < units ? start : 0;
}

/* 0: none, or not to be had. */
static uint32_t line_of(const struct look *l, const struct frame *f)
{
	const uint64_t code = f->code, start = start_of(l, f);
	int64_t unit = (int64_t)(f->instruction - start) / 2, line;
	struct ft_linetable t = { 0 };
	uint8_t bytes[LINES_BITE];
	uint64_t table, size;
	int32_t first;

	if (!start || !ft_python_read(l->r, code + l->at->code_first_line, &first, sizeof(first)))
		return 0;
	if (f->instruction < start) /* it is being entered */
		return first > 0 ? (uint32_t)first : 0;
	t.line = first;
	if (!ft_python_read_word(l->r, code + l->at->code_lines, &table) ||
		!ft_python_read_word(l->r, table + l->at->bytes_size, &size))
		return 0;
	if (size > LINES_MAX)
		size = LINES_MAX;
	table += l->at->bytes_data;
	while (size) {
		size_t bite = size < LINES_BITE ? (size_t)size : LINES_BITE;

		if (!ft_python_read(l->r, table, bytes, bite))
			return 0;
		if (ft_linetable_find(&t, bytes, bite, unit, &line))
			return (uint32_t)line;
		table += bite;
		size -= bite;
	}
	return 0;
}

/* The size of what it writes; 0: that is no frame of Python code, or there is no room. */
static size_t put_frame(const struct look *l, const struct frame *f, uint8_t *to, size_t room)
{
	struct ft_payload_frame head = { 0 };
	uint8_t file[FILE_SIZE], name[NAME_SIZE];
	const uint64_t code = f->code;
	uint64_t type, object;
	int file_size, name_size;
	size_t size;

	if (!ft_python_read_word(l->r, code + l->at->object_type, &type) ||
		type != l->in->code_type ||
		!ft_python_read_word(l->r, code + l->at->code_file, &object))
		return 0;
	file_size = ft_python_text(l->r, l->at, object, file, sizeof(file));
	if (!ft_python_read_word(l->r, code + l->at->code_name, &object))
		return 0;
	name_size = ft_python_text(l->r, l->at, object, name, sizeof(name));
	if (file_size < 0 || name_size < 0)
		return 0;
	size = sizeof(head) + (size_t)file_size + (size_t)name_size;
	if (size > room)
		return 0;
	head.line = line_of(l, f);
	head.file_size = (uint16_t)file_size;
	head.function_size = (uint16_t)name_size;
	memcpy(to, &head, sizeof(head));
	memcpy(to + sizeof(head), file, (size_t)file_size);
	memcpy(to + sizeof(head) + file_size, name, (size_t)name_size);
	return size;
}

/* From this one on, the next that is not the interpreter's own: 1; 0: there is none; -1: it cannot be read. */
static int read_frame(const struct look *l, uint64_t address, struct frame *out)
{
	uint8_t owner;

	out->copy = 0;
	for (int i = 0; address && i < SHIMS_MAX; i++, address = out->previous) {
		if (!ft_python_read(l->r, address + l->at->frame_owner, &owner, sizeof(owner)) ||
			!ft_python_read_word(l->r, address + l->at->frame_code, &out->code) ||
			!ft_python_read_word(
				l->r, address + l->at->frame_instruction, &out->instruction) ||
			!ft_python_read_word(l->r, address + l->at->frame_previous, &out->previous))
			return -1;
		if (l->at->frame_copy != FT_PYTHON_NONE &&
			!ft_python_read(
				l->r, address + l->at->frame_copy, &out->copy, sizeof(out->copy)))
			return -1;
		out->code &= ~TAGS;
		if (owner < l->at->shim_owner)
			return 1;
	}
	return address ? -1 : 0;
}

size_t ft_python_stack(struct ft_python_reads *r, const struct ft_python_interpreter *in,
	struct ft_python_thread *thread, uint64_t self, uint32_t frames, uint8_t *to, size_t room,
	uint16_t *flags)
{
	const struct look l = { .r = r, .in = in, .at = &in->layout };
	uint64_t address = find(&l, thread, self);
	size_t done = 0;

	*flags = 0;
	for (uint32_t i = 0; address; i++) {
		struct frame f;
		int rc = read_frame(&l, address, &f);
		size_t size;

		if (!rc)
			break;
		if (rc > 0 && i == frames) {
			*flags = FT_PAYLOAD_TRUNCATED;
			break;
		}
		size = rc > 0 ? put_frame(&l, &f, to + done, room - done) : 0;
		if (!size) {
			*flags = FT_PAYLOAD_TRUNCATED | FT_PAYLOAD_FAULT;
			break;
		}
		done += size;
		address = f.previous;
	}
	return done;
}
