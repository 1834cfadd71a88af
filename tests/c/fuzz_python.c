/* Interpreters as no CPython has them: whatever stands in memory, looking at it ends, and what it gives is whole frames. */
#include "fuzz.h"

#include <string.h>

#include "event.h"
#include "python/linetable.h"
#include "python/stack.h"

#define BASE   0x10000u
#define WORDS  512u
#define FRAMES 8

static struct {
	uint64_t words[WORDS];
} memory;

static bool read_memory(void *from, uint64_t address, void *to, size_t size)
{
	(void)from;
	if (address < BASE || address - BASE > sizeof(memory) ||
		size > sizeof(memory) - (address - BASE))
		return false;
	memcpy(to, (uint8_t *)&memory + (address - BASE), size);
	return true;
}

static size_t read_pieces(void *from, const struct ft_piece *pieces, size_t n, uint8_t *to)
{
	size_t i;

	for (i = 0; i < n && read_memory(from, pieces[i].address, to, pieces[i].size); i++)
		to += pieces[i].size;
	return i;
}

/* Words that lead on, most of them. */
static void fill(struct input *in)
{
	for (uint32_t i = 0; i < WORDS; i++)
		memory.words[i] = BASE + 8 * ((i * 37 + 11) % WORDS);
	while (in->at < in->end) {
		uint32_t at = (uint32_t)take(in, 2) % WORDS;

		switch (take(in, 1) % 4) {
		case 0:
			memory.words[at] = take(in, 1);
			break;
		case 1:
			memory.words[at] = BASE + take(in, 2) % sizeof(memory);
			break;
		case 2:
			memory.words[at] = take(in, 8);
			break;
		default:
			memory.words[at] |= 0x68ull | take(in, 1) << 32;
			break;
		}
	}
}

static void check_frames(const uint8_t *items, size_t size)
{
	size_t at = 0;
	int frames = 0;

	while (at < size) {
		struct ft_payload_frame head;

		REQUIRE(size - at >= sizeof(head));
		memcpy(&head, items + at, sizeof(head));
		at += sizeof(head) + head.file_size + head.function_size;
		frames++;
	}
	REQUIRE(at == size && frames <= FRAMES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ft_python_source source = { .read = read_memory,
		.pieces = read_pieces };
	static struct ft_python_reads reads;
	struct input in = { data, data + size };
	struct ft_python_thread thread = { 0 };
	struct ft_python_interpreter found = { .state = FT_PYTHON_FOUND }, looked = { 0 };
	uint32_t version = (uint32_t)take(&in, 1) % ft_python_version_count;
	uint64_t self = BASE + 8 * (take(&in, 1) % 64);
	uint8_t auxv[64], *items;
	size_t room = take(&in, 2) % 0x3000;
	uint16_t flags;

	found.layout = ft_python_versions[version].layout;
	found.runtime = BASE + 8 * take(&in, 1);
	found.code_type = BASE + 8 * take(&in, 1);
	for (size_t i = 0; i < sizeof(auxv); i++)
		auxv[i] = (uint8_t)take(&in, 1);
	fill(&in);
	if (found.layout.interpreter_threads > 0x1000)
		found.layout.interpreter_threads = found.layout.interpreter_next = 8;
	items = malloc(room + 1);
	REQUIRE(items);
	for (int i = 0; i < 3; i++) {
		struct ft_linetable lines = { 0 };
		int64_t line = 0;
		size_t n;

		ft_python_reads_begin(&reads, &source, &thread.trail);
		n = ft_python_stack(&reads, &found, &thread, self, FRAMES, items, room, &flags);
		ft_python_reads_end(&reads, &thread.trail);
		REQUIRE(n <= room);
		check_frames(items, n);
		ft_python_reads_begin(&reads, &source, &thread.trail);
		ft_python_look(&reads, &looked, auxv, sizeof(auxv));
		ft_python_reads_end(&reads, &thread.trail);
		ft_linetable_find(&lines, data, size, i * 20, &line);
		REQUIRE(line >= 0 && line <= INT32_MAX);
	}
	free(items);
	ft_python_trail_free(&thread.trail);
	return 0;
}
