/* What the recorder writes: blocks, one after the other, and nothing without its gs. */
#define _GNU_SOURCE
#include "recorded.h"

/* Which call it was: of a brief record what stands above the number in rax. */
static uint64_t number_of(uint64_t at)
{
	const struct ft_raw raw = record_at(at);

	return brief ? raw.nr >> 32 : raw.args[0];
}

/* Round and round: every record is there, and what is not a record stays as it was. */
static void test_blocks(void)
{
	const unsigned rounds = 2, in_area = BLOCKS * PER_BLOCK;
	uint64_t args[6] = { 0, 2, 3, 4, 5, 6 };

	reset();
	for (unsigned block = 1; block <= BLOCKS; block++)
		memset((uint8_t *)area + block * FT_BLOCK + 8, 0x5a, FT_BLOCK_HEAD - 8);
	for (unsigned i = 0; i < rounds * in_area + 10; i++) {
		unsigned block = i / PER_BLOCK % BLOCKS;
		uint64_t at = first_record(block) + i % PER_BLOCK * SIZE;

		CHECK_EQ(area->cur, at);
		CHECK_EQ(*link_of(block), 0);
		args[0] = i;
		call(entries[i % entry_count], NO_CALL | (brief ? (uint64_t)i << 32 : 0), args,
			flags_of(i % 64));
		CHECK_EQ(number_of(at), i);
		CHECK_EQ(traps[FT_TRAP_FULL], (i + 1) / in_area);
	}
	for (unsigned i = 10; i < in_area; i++) {
		const uint64_t at = first_record(i / PER_BLOCK) + i % PER_BLOCK * SIZE;

		CHECK_EQ(number_of(at), (rounds - 1) * in_area + i);
		CHECK_EQ(record_at(at).ret, -38);
	}
	for (unsigned i = 1; i <= BLOCKS; i++) {
		const uint8_t *head = (const uint8_t *)link_of(i % BLOCKS);

		CHECK_EQ(*(const uint64_t *)head, i % BLOCKS ? first_record(i) : 0);
		for (int byte = 8; byte < 64; byte++)
			CHECK_EQ(head[byte], 0x5a);
	}
	for (uint64_t i = BLOCKS * FT_BLOCK + FT_BLOCK_HEAD; i < AREA; i++)
		if (((uint8_t *)area)[i])
			CHECK(!"nothing is written behind the blocks");
	check_group("blocks are filled to the brim, one after the other");
}

static void test_gs_lost(void)
{
	uint64_t mine[8] = { 0 }, nothing[8] = { 0 };
	int lost = 0;

	reset();
	CHECK_EQ(call(entries[1], NO_CALL, patterns, 0), -38);
	for (int bit = 30; bit < 47; bit++) {
		uint64_t base =
			bit < 32 ? (uint64_t)mine * (bit & 1) : FT_RECORDER_AREAS ^ 1ull << bit;
		struct ft_area before = *area;

		syscall(SYS_arch_prctl, ARCH_SET_GS, base);
		CHECK_EQ(call(entries[1], NO_CALL, patterns, flags_of((unsigned)bit)), NO_CALL);
		CHECK_EQ(traps[FT_TRAP_GS], ++lost);
		CHECK(!memcmp(mine, nothing, sizeof(mine)));
		CHECK(!memcmp(&before, area, sizeof(before)));
	}
	syscall(SYS_arch_prctl, ARCH_SET_GS, area);
	check_group("with another gs nothing is written");
}

int main(void)
{
	if (set_up()) {
		perror("no recorder");
		return 1;
	}
	for (int i = 0; i < 2; i++) {
		set_brief(i);
		test_blocks();
		if (entry_count > 1)
			test_gs_lost();
	}
	return check_result();
}
