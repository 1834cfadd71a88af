/* Frames of an interpreter that is laid out as each version is that we know. */
#include <string.h>

#include "check.h"
#include "event.h"
#include "python/stack.h"

#define BASE	    0x7000ull
#define RUNTIME	    (BASE + 0x0)
#define INTERPRETER (BASE + 0x400)
#define THREAD	    (BASE + 0x2200)
#define CFRAME	    (BASE + 0x2300)
#define FRAME	    (BASE + 0x2340)
#define CODE	    (BASE + 0x2400)
#define FILE_NAME   (BASE + 0x2600)
#define NAME	    (BASE + 0x2680)
#define LINES	    (BASE + 0x2700)
#define COPIES	    (BASE + 0x2780)
#define COPY	    (BASE + 0x2800)
#define TYPE	    (BASE + 0x2900)
#define SELF	    0x7f0000001000ull
#define UNITS	    2
#define SHARED	    1ull /* of a reference: it is not counted */

static uint8_t memory[0x3000];

static bool read_memory(void *from, uint64_t address, void *to, size_t size)
{
	(void)from;
	if (address < BASE || address - BASE > sizeof(memory) - size)
		return false;
	memcpy(to, memory + (address - BASE), size);
	return true;
}

static size_t read_pieces(void *from, const struct ft_piece *pieces, size_t n, uint8_t *to)
{
	size_t i;

	for (i = 0; i < n && read_memory(from, pieces[i].address, to, pieces[i].size); i++)
		to += pieces[i].size;
	return i;
}

static void put(uint64_t address, const void *from, size_t size)
{
	memcpy(memory + (address - BASE), from, size);
}

static void put_word(uint64_t address, uint64_t word)
{
	put(address, &word, sizeof(word));
}

static void put_text(const struct ft_python_layout *at, uint64_t object, const char *text)
{
	uint32_t state = (1u | 1u << 3 | 1u << 4) << at->str_kind_bit;

	put_word(object + at->str_length, strlen(text));
	put(object + at->str_state, &state, sizeof(state));
	put(object + at->str_ascii, text, strlen(text));
}

/* One thread in a function of two lines, 100 and 102. */
static void build(const struct ft_python_layout *at)
{
	static const uint8_t table[] = { 0x80 | 10 << 3, 0, 5, 0x80 | 12 << 3, 0, 5 };
	const bool by_cframe = at->cframe_frame != FT_PYTHON_NONE;
	int32_t first = 100;

	memset(memory, 0, sizeof(memory));
	put_word(RUNTIME + at->runtime_head, INTERPRETER);
	put_word(INTERPRETER + at->interpreter_threads, THREAD);
	put_word(THREAD + at->thread_id, SELF);
	put_word(THREAD + at->thread_frame, by_cframe ? CFRAME : FRAME);
	if (by_cframe)
		put_word(CFRAME + at->cframe_frame, FRAME);
	put_word(FRAME + at->frame_code, CODE | SHARED);
	put_word(CODE + at->object_type, TYPE);
	put_word(CODE + at->code_units, UNITS);
	put_word(CODE + at->code_file, FILE_NAME);
	put_word(CODE + at->code_name, NAME);
	put_word(CODE + at->code_lines, LINES);
	put(CODE + at->code_first_line, &first, sizeof(first));
	put_text(at, FILE_NAME, "app.py");
	put_text(at, NAME, "work");
	put_word(LINES + at->bytes_size, sizeof(table));
	put(LINES + at->bytes_data, table, sizeof(table));
}

/* The line of the only frame; -1: it is another one, or there is none. */
static int64_t line_of(const struct ft_python_layout *at, uint64_t instruction, int32_t copy)
{
	static const struct ft_python_source source = { .read = read_memory,
		.pieces = read_pieces };
	static struct ft_python_reads reads;
	const struct ft_python_interpreter in = {
		.state = FT_PYTHON_FOUND, .runtime = RUNTIME, .code_type = TYPE, .layout = *at
	};
	struct ft_python_thread thread = { 0 };
	struct ft_payload_frame head;
	uint8_t to[256];
	uint16_t flags;
	size_t size;

	put_word(FRAME + at->frame_instruction, instruction);
	if (at->frame_copy != FT_PYTHON_NONE)
		put(FRAME + at->frame_copy, &copy, sizeof(copy));
	ft_python_reads_begin(&reads, &source, &thread.trail);
	size = ft_python_stack(&reads, &in, &thread, SELF, 8, to, sizeof(to), &flags);
	ft_python_reads_end(&reads, &thread.trail);
	ft_python_trail_free(&thread.trail);
	if (size != sizeof(head) + 10 || flags || memcmp(to + sizeof(head), "app.pywork", 10) != 0)
		return -1;
	memcpy(&head, to, sizeof(head));
	return head.line;
}

static void test_versions(void)
{
	for (uint32_t i = 0; i < ft_python_version_count; i++) {
		const struct ft_python_layout *at = &ft_python_versions[i].layout;

		build(at);
		CHECK_EQ(line_of(at, CODE + at->code_start, 0), 100);
		CHECK_EQ(line_of(at, CODE + at->code_start + 2, 0), 102);
		CHECK_EQ(line_of(at, CODE + at->code_start - 2, 0), 100);
		CHECK_EQ(line_of(at, CODE + at->code_start + 4, 0), 0);
	}
	check_group("frames of each version");
}

static void test_copies(void)
{
	int tried = 0;

	for (uint32_t i = 0; i < ft_python_version_count; i++) {
		const struct ft_python_layout *at = &ft_python_versions[i].layout;

		CHECK_EQ(at->code_copies == FT_PYTHON_NONE, at->frame_copy == FT_PYTHON_NONE);
		if (at->frame_copy == FT_PYTHON_NONE)
			continue;
		tried++;
		build(at);
		put_word(CODE + at->code_copies, COPIES);
		put_word(COPIES, 2);
		put_word(COPIES + 8, CODE + at->code_start);
		put_word(COPIES + 16, COPY);
		CHECK_EQ(line_of(at, COPY, 1), 100);
		CHECK_EQ(line_of(at, COPY + 2, 1), 102);
		CHECK_EQ(line_of(at, COPY + 4, 1), 0); /* beyond its end */
		CHECK_EQ(line_of(at, COPY - 2, 1), 0);
		CHECK_EQ(line_of(at, CODE + at->code_start, 1), 0); /* of another copy */
		CHECK_EQ(line_of(at, COPY, 2), 0);
		CHECK_EQ(line_of(at, COPY, -1), 0);
		put_word(COPIES + 16, 0);
		CHECK_EQ(line_of(at, COPY, 1), 0);
		put_word(CODE + at->code_copies, 8);
		CHECK_EQ(line_of(at, COPY, 1), 0);
	}
	CHECK(tried);
	check_group("a free-threaded thread's copy of the instructions, or no line");
}

int main(void)
{
	test_versions();
	test_copies();
	return check_result();
}
