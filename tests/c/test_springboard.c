/* The springboards that lead away from a site. */
#include "site_code.h"

#include "arch/x86_64/insn.h"

/* Where an instruction at an address leads to, or what it points to. */
static uint64_t target_of(const uint8_t *insn, int len, uint64_t address)
{
	int32_t distance;

	memcpy(&distance, insn + len - 4, 4);
	return address + (uint64_t)len + (uint64_t)(int64_t)distance;
}

static void check_springboard(
	const struct ft_patch *patch, uint64_t site, uint64_t address, uint64_t slot)
{
	static const uint8_t lea_r11[] = { 0x4c, 0x8d, 0x1d }, jmp_slot[] = { 0xff, 0x25 };
	uint8_t out[FT_SPRINGBOARD_SIZE + 8], tail = 0xa5;
	struct ft_insn insn;
	size_t n, at = 0;

	memset(out, 0xa5, sizeof(out));
	n = ft_site_springboard(patch, site, address, slot, out, &tail);
	CHECK(n <= FT_SPRINGBOARD_SIZE);
	CHECK(out[n] == 0xa5);
	if (ft_patch_is_before(patch)) {
		CHECK(!memcmp(out, patch->moved, patch->moved_len));
		at = patch->moved_len;
	}
	CHECK_EQ(ft_insn_decode(out + at, n - at, &insn), 7);
	CHECK(insn.rip_relative && !memcmp(out + at, lea_r11, sizeof(lea_r11)));
	CHECK_EQ(target_of(out + at, 7, address + at),
		patch->kind == FT_PATCH_MOVED ? address + tail : site + 2);
	at += 7;
	CHECK_EQ(ft_insn_decode(out + at, n - at, &insn), 6);
	CHECK(insn.rip_relative && insn.kind == FT_INSN_JMP_INDIRECT);
	CHECK(!memcmp(out + at, jmp_slot, sizeof(jmp_slot)));
	CHECK_EQ(target_of(out + at, 6, address + at), slot);
	at += 6;
	CHECK_EQ(tail, patch->kind == FT_PATCH_MOVED ? at : 0);
	if (patch->kind == FT_PATCH_MOVED) {
		CHECK(!memcmp(out + at, patch->moved, patch->moved_len));
		at += patch->moved_len;
		CHECK_EQ(ft_insn_decode(out + at, n - at, &insn), FT_JMP_SIZE);
		CHECK_EQ(insn.kind, FT_INSN_JMP);
		CHECK_EQ(address + at + (uint64_t)insn.target, site + 2 + patch->moved_len);
		at += FT_JMP_SIZE;
	}
	CHECK_EQ(at, n);
}

static void test_springboards(void)
{
	static const char *const sites[] = { START MOV SYSCALL END, START MOV_LONG SYSCALL END,
		START "bf 27 00 00 00 " SYSCALL END, START SYSCALL "c3 " NOP_8, START SYSCALL CMP,
		START SYSCALL "49 89 c4 " };
	static const int32_t distances[] = { 0, 1, -1, 0x7fffffff, -0x7fffffff - 1 };

	for (int i = 0; i < 6; i++) {
		struct ft_patch patch = analyse_at(sites[i], 0x401005, true);

		CHECK(patch.kind != FT_PATCH_NONE);
		for (int n = 0; n < 2000; n++) {
			uint64_t address = 0x555500000000 + below(1u << 30) * 2;
			uint64_t site = address + below(0xffff0000) - 0x7fff8000;

			check_springboard(&patch, site, address, address & ~0x3fffull);
		}
	}
	for (int i = 0; i < 5; i++) {
		uint64_t from = 0x7f0123456789, to = from + 5 + (uint64_t)(int64_t)distances[i];
		struct ft_insn insn;
		uint8_t jmp[FT_JMP_SIZE];

		ft_site_jmp(from, to, jmp);
		CHECK_EQ(ft_insn_decode(jmp, sizeof(jmp), &insn), FT_JMP_SIZE);
		CHECK_EQ(insn.kind, FT_INSN_JMP);
		CHECK_EQ(from + (uint64_t)insn.target, to);
	}
	check_group("springboards lead to the recorder, and back behind the call");
}

/* What a lea adds up is the same there, or it does not move. */
static void test_lea(void)
{
	struct ft_patch patch = analyse(START
		"48 8d 3d 00 10 00 00 83 03 01 " SYSCALL END); /* lea 0x1000(%rip), %rdi; addl */
	const uint64_t site = 0x7f0123456000, lea = site - 10;
	uint8_t out[FT_SPRINGBOARD_SIZE], tail;

	CHECK_EQ(patch.kind, FT_PATCH_BEFORE);
	for (int i = 0; i < 2000; i++) {
		uint64_t address = site + below(0xfff00000) - 0x7ff00000;
		size_t n = ft_site_springboard(&patch, site, address, address, out, &tail);
		bool reaches =
			(int64_t)(lea + 0x1000 - address) == (int32_t)(lea + 0x1000 - address);

		CHECK_EQ(n, reaches ? 10 + 13 : 0);
		if (n)
			CHECK_EQ(target_of(out, 7, address), lea + 7 + 0x1000);
		CHECK(!n || !memcmp(out + 7, "\x83\x03\x01", 3));
	}
	check_group("a lea that moves gives the same address");
}

int main(void)
{
	test_springboards();
	test_lea();
	return check_result();
}
