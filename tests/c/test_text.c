/* Text is rewritten in few writes where what stands in between is known, and in none too many bytes. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/inline/inline.h"
#include "engine/inline/patch/text.h"
#include "check.h"

#define SIZE   (4 * 4096)
#define ROUNDS 3000

static uint8_t before[SIZE], wanted[SIZE], got[SIZE];

/* Rewrites at random places that do not overlap, in any order; each may know its surroundings, or not. */
static int random_list(struct ft_rewrite *list, unsigned near)
{
	int n = 0;

	for (unsigned at = (unsigned)rand() % 64; n < FT_REWRITES_MAX;) {
		struct ft_rewrite *r = &list[n];
		unsigned ahead = (unsigned)rand() % 300, behind = (unsigned)rand() % 1100;
		int other = rand() % (n + 1);

		if (at + FT_JMP_SIZE > SIZE)
			break;
		*r = (struct ft_rewrite){ .address = at, .len = rand() % 2 ? 2 : FT_JMP_SIZE };
		for (int i = 0; i < r->len; i++)
			r->bytes[i] = (uint8_t)rand();
		if (rand() % 4) {
			r->from = ahead < at ? at - ahead : 0;
			r->to = at + behind < SIZE ? at + behind : SIZE;
			r->text = before + r->from;
		}
		at += r->len + (rand() % 8 ? (unsigned)rand() % near : 0);
		if (other < n) {
			struct ft_rewrite swap = *r;

			*r = list[other];
			list[other] = swap;
		}
		n++;
	}
	return n;
}

int main(void)
{
	struct ft_space sp = { .tasks = 1, .memory = memfd_create("text", MFD_CLOEXEC) };
	struct ft_inline_task it = { .space = &sp };
	struct ft_task t = { .in = &it };

	if (sp.memory < 0 || ftruncate(sp.memory, SIZE) < 0) {
		perror("memfd");
		return 1;
	}
	srand(1);
	for (int round = 0; round < ROUNDS; round++) {
		struct ft_rewrite list[FT_REWRITES_MAX];
		int n = random_list(list, round % 2 ? 200 : 3000);

		for (int i = 0; i < SIZE; i++)
			before[i] = (uint8_t)rand();
		memcpy(wanted, before, SIZE);
		for (int i = 0; i < n; i++)
			memcpy(wanted + list[i].address, list[i].bytes, list[i].len);
		CHECK_EQ(pwrite(sp.memory, before, SIZE, 0), SIZE);
		CHECK_EQ(ft_text_rewrite(NULL, &t, &sp, list, n), 0);
		CHECK_EQ(pread(sp.memory, got, SIZE, 0), SIZE);
		CHECK(!memcmp(got, wanted, SIZE));
	}
	CHECK_EQ(sp.changes, 2 * ROUNDS);
	close(sp.memory);
	check_group("what is rewritten is, and nothing else");
	return check_result();
}
