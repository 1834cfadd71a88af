/* Bytes as code: the decoder stays within them, and what is found out about a site holds of them. */
#include "fuzz.h"

#include <string.h>

#include "arch/x86_64/insn.h"
#include "arch/x86_64/site.h"

/* Half of all inputs have an instruction that is worth patching at the site. */
static const uint8_t calls[][12] = { { 0xb8, 39, 0, 0, 0, 0x0f, 0x05 },
	{ 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3, 0x0f, 0x1f, 0x40, 0x00 },
	{ 0x0f, 0x05, 0x48, 0x3d, 0, 0xf0, 0xff }, { 0x48, 0xc7, 0xc0, 39, 0, 0, 0, 0x0f, 0x05 } };

static void decode(const uint8_t *code, size_t size)
{
	for (size_t at = 0; at < size; at++) {
		struct ft_insn insn;
		int length = ft_insn_decode(code + at, size - at, &insn);

		REQUIRE(length >= 0 && length <= 15 && (size_t)length <= size - at);
		REQUIRE(insn.length == length);
		REQUIRE(length || (!insn.kind && !insn.rip_relative && !insn.target));
		/* Less than that is no instruction, or another. */
		if (length > 1)
			REQUIRE(ft_insn_decode(code + at, (size_t)length - 1, &insn) == 0);
	}
}

static bool is_padding(const uint8_t *code, int size)
{
	struct ft_insn insn;

	for (int at = 0; at < size; at += insn.length)
		if (!ft_insn_decode(code + at, 15, &insn) ||
			(insn.kind != FT_INSN_NOP && insn.kind != FT_INSN_INT3))
			return false;
	return true;
}

static void analyse(
	const uint8_t *code, size_t size, size_t before, uint32_t nr, bool alone, uint64_t address)
{
	const uint8_t *site = code + before;
	int from = -(int)before, to = (int)(size - before);
	uint8_t springboard[FT_SPRINGBOARD_SIZE], tail;
	struct ft_patch patch;
	size_t len;

	ft_site_analyse(site, before, size - before, address, nr, alone, &patch);
	REQUIRE(patch.kind <= FT_PATCH_MOVED);
	if (patch.kind == FT_PATCH_NONE)
		return;
	REQUIRE(site[0] == 0x0f && site[1] == 0x05);
	REQUIRE(patch.at >= from && patch.at + FT_JMP_SIZE <= to);
	REQUIRE(patch.moved_len <= FT_MOVED_MAX);
	REQUIRE(patch.kind != FT_PATCH_MOVED || (alone && patch.at == 0));
	if (patch.kind == FT_PATCH_MOV) {
		uint32_t value;

		memcpy(&value, site - 4, sizeof(value));
		REQUIRE(value == nr && patch.at < 0 && patch.at >= -7);
	}
	if (patch.kind == FT_PATCH_BEFORE) {
		struct ft_insn insn;

		REQUIRE(patch.at == -patch.moved_len);
		REQUIRE(ft_insn_decode(patch.moved, patch.moved_len, &insn) >= FT_JMP_SIZE);
		REQUIRE(insn.kind == FT_INSN_OTHER);
		REQUIRE(!insn.rip_relative || patch.moved[1] == 0x8d);
	}
	if (patch.kind == FT_PATCH_PADDING && to - patch.at >= 20)
		REQUIRE(is_padding(site + patch.at, FT_JMP_SIZE));
	len = ft_site_springboard(
		&patch, address, address + 0x1000, address + 0x2000, springboard, &tail);
	if (!len)
		REQUIRE(patch.kind == FT_PATCH_BEFORE); /* what a lea adds is out of reach there */
	else
		REQUIRE(len <= sizeof(springboard) && tail < len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	uint8_t how = (uint8_t)take(&in, 1), where = (uint8_t)take(&in, 1);
	uint64_t address = 0x400000 + take(&in, 2);
	size_t left = (size_t)(in.end - in.at), before = left ? where % left : 0;
	/* Of just that size: AddressSanitizer sees to it that nothing else is read. */
	uint8_t *code = malloc(left + 1);

	memcpy(code, in.at, left);
	if (how & 1 && left - before > sizeof(calls[0]))
		memcpy(code + before, calls[how >> 1 & 3], sizeof(calls[0]));
	for (size_t i = before; how & 1 && i + 1 < left && i < before + 8; i++)
		if (code[i] == 0x0f && code[i + 1] == 0x05) {
			before = i;
			break;
		}
	if (how & 8 && left > before + 40) /* dead padding behind */
		memset(code + before + 20, 0x90, 16), code[before + 19] = 0xc3;
	code = realloc(code, left ? left : 1);
	decode(code, left);
	if (left > before + 1)
		analyse(code, left, before, how & 1 ? 39 : (uint32_t)take(&in, 2), how & 16,
			address);
	free(code);
	return 0;
}
