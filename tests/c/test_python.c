/* Lines by location tables, text of str objects, and what was read ahead. */
#include <string.h>

#include "check.h"
#include "python/linetable.h"
#include "python/reads.h"
#include "python/text.h"

#define BASE 0x7000ull

static uint8_t memory[0x3000];
static int reads_made, pieces_made;

static bool read_memory(void *from, uint64_t address, void *to, size_t size)
{
	(void)from;
	reads_made++;
	if (address < BASE || address - BASE > sizeof(memory) - size)
		return false;
	memcpy(to, memory + (address - BASE), size);
	return true;
}

static size_t read_pieces(void *from, const struct ft_piece *pieces, size_t n, uint8_t *to)
{
	size_t i;

	pieces_made++;
	for (i = 0; i < n && read_memory(from, pieces[i].address, to, pieces[i].size); i++)
		to += pieces[i].size;
	return i;
}

static const struct ft_python_source source = { .read = read_memory, .pieces = read_pieces };
static struct ft_python_reads reads;

/* -1: not in the table. */
static int64_t line_at(const uint8_t *table, size_t size, int64_t unit, size_t bite)
{
	struct ft_linetable t = { .line = 100 };
	int64_t line;

	for (size_t at = 0; at < size; at += bite)
		if (ft_linetable_find(
			    &t, table + at, size - at < bite ? size - at : bite, unit, &line))
			return line;
	return -1;
}

static void test_lines(void)
{
	static const uint8_t table[] = {
		0x80 | 10 << 3 | 0,
		0,
		5, /* unit 0: the same line */
		0x80 | 12 << 3 | 1,
		0,
		5, /* 1 and 2: two lines on, 102 */
		0x80 | 2 << 3 | 0,
		0x11, /* 3: the same line */
		0x80 | 15 << 3 | 7, /* 4 to 11: none */
		0x80 | 13 << 3 | 0,
		3, /* 12: one line back, 101 */
		0x80 | 14 << 3 | 0,
		0x40 | 0x10,
		0x21,
		2,
		7,
		9, /* 13: 1064 lines on */
		0x80 | 13 << 3 | 2,
		0x40 | 0x3f,
		0x40 | 0x3f,
		0x3f, /* 14 to 16: far back: no line */
	};
	static const int64_t lines[] = { 100, 102, 102, 102, 0, 0, 0, 0, 0, 0, 0, 0, 101, 1165 };

	for (size_t bite = 1; bite <= sizeof(table); bite += sizeof(table) - 1) {
		for (size_t unit = 0; unit < sizeof(lines) / sizeof(lines[0]); unit++)
			CHECK_EQ(line_at(table, sizeof(table), (int64_t)unit, bite), lines[unit]);
		CHECK_EQ(line_at(table, sizeof(table), 15, bite), 0);
		CHECK_EQ(line_at(table, sizeof(table), 17, bite), -1);
	}
	CHECK_EQ(line_at(table, 0, 0, 1), -1);
	check_group("lines of a location table, whole and byte by byte");
}

/* A str of 3.11. */
static uint64_t make(uint32_t width, bool ascii, const void *text, uint64_t length)
{
	uint32_t state = width << 2 | 1 << 5 | (uint32_t)ascii << 6;

	memset(memory, 0xee, sizeof(memory));
	memcpy(memory + 16, &length, 8);
	memcpy(memory + 32, &state, 4);
	memcpy(memory + (ascii ? 48 : 72), text, length * width);
	return BASE;
}

static int text_of(uint64_t object, char *to, uint32_t room)
{
	struct ft_python_trail none = { 0 };
	int n;

	ft_python_reads_begin(&reads, &source, &none);
	n = ft_python_text(&reads, &ft_python_versions[0].layout, object, (uint8_t *)to, room);
	if (n >= 0)
		to[n] = 0;
	return n;
}

static void test_text(void)
{
	static const uint16_t wide[] = { 'a', 0x416, 0xdcff, 0xd800, 0x20ac };
	static const uint32_t widest[] = { 0x1d11e, 'x', 0x110000 };
	char text[64];

	CHECK_EQ(text_of(make(1, true, "name.py", 7), text, 60), 7);
	CHECK(!strcmp(text, "name.py"));
	CHECK_EQ(text_of(make(1, false, "\xe9!", 2), text, 60), 3);
	CHECK(!strcmp(text, "\xc3\xa9!"));
	CHECK_EQ(text_of(make(2, false, wide, 5), text, 60), 8);
	CHECK(!strcmp(text, "a\xd0\x96\xff?\xe2\x82\xac"));
	CHECK_EQ(text_of(make(4, false, widest, 3), text, 60), 6);
	CHECK(!strcmp(text, "\xf0\x9d\x84\x9ex?"));
	CHECK_EQ(text_of(make(4, false, widest, 3), text, 3), 0); /* whole characters */
	CHECK_EQ(text_of(make(1, true, "name.py", 7), text, 4), 4);
	CHECK_EQ(text_of(make(3, true, "", 0), text, 4), -1);
	CHECK_EQ(text_of(BASE + sizeof(memory) - 20, text, 4), -1);
	check_group("text of str objects, of all widths");
}

static void test_ahead(void)
{
	struct ft_python_trail trail = { 0 };
	uint64_t word;

	memset(memory, 0, sizeof(memory));
	for (int i = 0; i < 3; i++) {
		reads_made = pieces_made = 0;
		memory[8] = (uint8_t)i;
		ft_python_reads_begin(&reads, &source, &trail);
		CHECK(ft_python_read_word(&reads, BASE + 0x2000, &word));
		CHECK(ft_python_read_word(&reads, BASE + 8, &word));
		CHECK_EQ(word, i);
		CHECK(ft_python_read_word(&reads, BASE, &word));
		CHECK(!ft_python_read_word(&reads, BASE + sizeof(memory) - 4, &word));
		CHECK(!ft_python_read_word(&reads, UINT64_MAX - 3, &word));
		ft_python_reads_end(&reads, &trail);
		CHECK_EQ(pieces_made, i > 0);
		CHECK_EQ(reads_made, i ? 3 : 4); /* two pieces, and what is not there */
		CHECK_EQ(trail.count, 2);
	}
	trail.pieces[0].address = 8; /* that has gone: the others are there all the same */
	reads_made = 0;
	ft_python_reads_begin(&reads, &source, &trail);
	CHECK_EQ(reads_made, 2);
	CHECK(ft_python_read_word(&reads, BASE + 0x2000, &word));
	CHECK_EQ(reads_made, 2);
	for (int i = 0; i < FT_PYTHON_READS; i++)
		ft_python_read_word(&reads, BASE, &word);
	CHECK(!ft_python_read_word(&reads, BASE, &word));
	ft_python_trail_free(&trail);
	check_group("what a thread's last look has read is read ahead");
}

int main(void)
{
	test_lines();
	test_text();
	test_ahead();
	return check_result();
}
