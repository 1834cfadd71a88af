/* The instruction decoder: encodings by hand, and that it reads no further than it may. Against
 * objdump: tests/integration/test_insn_objdump.py. */
#include "arch/x86_64/insn.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

/* target: from the start of the instruction */
struct known {
	const char *hex;
	int length, kind, rip_relative;
	int64_t target;
};

static const struct known knowns[] = {
	/* nothing but the opcode */
	{ "c9", 1, FT_INSN_OTHER, 0, 0 },
	{ "9b", 1, FT_INSN_OTHER, 0, 0 },
	{ "50", 1, FT_INSN_OTHER, 0, 0 },
	{ "0fa2", 2, FT_INSN_OTHER, 0, 0 },
	{ "0fc8", 2, FT_INSN_OTHER, 0, 0 },
	/* ModRM, SIB, displacement */
	{ "89c3", 2, FT_INSN_OTHER, 0, 0 },
	{ "8b4424f8", 4, FT_INSN_OTHER, 0, 0 },
	{ "8b0411", 3, FT_INSN_OTHER, 0, 0 },
	{ "8b042511223344", 7, FT_INSN_OTHER, 0, 0 },
	{ "8b44251122", 4, FT_INSN_OTHER, 0, 0 },
	{ "8b842511223344", 7, FT_INSN_OTHER, 0, 0 },
	{ "8b8011223344", 6, FT_INSN_OTHER, 0, 0 },
	{ "488d0511223344", 7, FT_INSN_OTHER, 1, 0 },
	{ "678b0511223344", 7, FT_INSN_OTHER, 1, 0 },
	{ "c7051122334455667788", 10, FT_INSN_OTHER, 1, 0 },
	{ "0f20c0", 3, FT_INSN_OTHER, 0, 0 },
	{ "0f2205", 3, FT_INSN_OTHER, 0, 0 },
	/* immediates */
	{ "b811223344", 5, FT_INSN_OTHER, 0, 0 },
	{ "66b81122", 4, FT_INSN_OTHER, 0, 0 },
	{ "48b81122334455667788", 10, FT_INSN_OTHER, 0, 0 },
	{ "6648b81122334455667788", 11, FT_INSN_OTHER, 0, 0 },
	{ "4866b81122", 5, FT_INSN_OTHER, 0, 0 }, /* a REX not right before the opcode is none */
	{ "66480511223344", 7, FT_INSN_OTHER, 0, 0 },
	{ "66051122", 4, FT_INSN_OTHER, 0, 0 },
	{ "a11122334455667788", 9, FT_INSN_OTHER, 0, 0 },
	{ "67a111223344", 6, FT_INSN_OTHER, 0, 0 },
	{ "c8112233", 4, FT_INSN_OTHER, 0, 0 },
	{ "f6c011", 3, FT_INSN_OTHER, 0, 0 },
	{ "f6c811", 3, FT_INSN_OTHER, 0, 0 },
	{ "f6d0", 2, FT_INSN_OTHER, 0, 0 },
	{ "f70511223344556677", 0, FT_INSN_OTHER, 0, 0 },
	{ "f7051122334455667788", 10, FT_INSN_OTHER, 1, 0 },
	{ "66f7c01122", 5, FT_INSN_OTHER, 0, 0 },
	{ "f7d8", 2, FT_INSN_OTHER, 0, 0 },
	{ "69c011223344", 6, FT_INSN_OTHER, 0, 0 },
	{ "0fbae011", 4, FT_INSN_OTHER, 0, 0 },
	{ "660f78c01122", 6, FT_INSN_OTHER, 0, 0 }, /* extrq */
	{ "f20f78c11122", 6, FT_INSN_OTHER, 0, 0 }, /* insertq */
	{ "0f78c1", 3, FT_INSN_OTHER, 0, 0 }, /* vmread */
	{ "0f0fc19e", 4, FT_INSN_OTHER, 0, 0 }, /* pfadd */
	/* the other maps */
	{ "660f3800c1", 5, FT_INSN_OTHER, 0, 0 },
	{ "660f3a0fc108", 6, FT_INSN_OTHER, 0, 0 },
	{ "c5f877", 3, FT_INSN_OTHER, 0, 0 },
	{ "c5f96f05112233", 0, FT_INSN_OTHER, 0, 0 },
	{ "c5f96f0511223344", 8, FT_INSN_OTHER, 1, 0 },
	{ "c5f970c011", 5, FT_INSN_OTHER, 0, 0 },
	{ "c4e27958c0", 5, FT_INSN_OTHER, 0, 0 },
	{ "c4e37d18c001", 6, FT_INSN_OTHER, 0, 0 },
	{ "62f17c48104001", 7, FT_INSN_OTHER, 0, 0 },
	{ "62f37d4825c0ff", 7, FT_INSN_OTHER, 0, 0 },
	{ "62f57c4858c0", 6, FT_INSN_OTHER, 0, 0 },
	{ "8fe878c0c011", 6, FT_INSN_OTHER, 0, 0 }, /* vprotb */
	{ "8fe97801c8", 5, FT_INSN_OTHER, 0, 0 }, /* blcfill */
	{ "8fea7810c011223344", 9, FT_INSN_OTHER, 0, 0 }, /* bextr */
	{ "8fc0", 2, FT_INSN_OTHER, 0, 0 }, /* pop */
	/* kinds */
	{ "90", 1, FT_INSN_NOP, 0, 0 },
	{ "6690", 2, FT_INSN_NOP, 0, 0 },
	{ "4890", 2, FT_INSN_NOP, 0, 0 },
	{ "4190", 2, FT_INSN_OTHER, 0, 0 },
	{ "f390", 2, FT_INSN_OTHER, 0, 0 },
	{ "f090", 2, FT_INSN_OTHER, 0, 0 },
	{ "f30f1efa", 4, FT_INSN_OTHER, 0, 0 },
	{ "0f1f00", 3, FT_INSN_NOP, 0, 0 },
	{ "66662e0f1f840000000000", 11, FT_INSN_NOP, 0, 0 },
	{ "cc", 1, FT_INSN_INT3, 0, 0 },
	{ "cd80", 2, FT_INSN_OTHER, 0, 0 },
	{ "c3", 1, FT_INSN_RET, 0, 0 },
	{ "f3c3", 2, FT_INSN_RET, 0, 0 },
	{ "f2c20800", 4, FT_INSN_RET, 0, 0 },
	{ "48cb", 2, FT_INSN_RET, 0, 0 },
	{ "ca0800", 3, FT_INSN_RET, 0, 0 },
	{ "ebfe", 2, FT_INSN_JMP, 0, 0 },
	{ "e9fbffffff", 5, FT_INSN_JMP, 0, 0 },
	{ "f2e900000080", 6, FT_INSN_JMP, 0, INT64_C(-0x7ffffffa) },
	{ "66e911223344", 6, FT_INSN_JMP, 0, 0x44332217 },
	{ "ffe0", 2, FT_INSN_JMP_INDIRECT, 0, 0 },
	{ "3effe0", 3, FT_INSN_JMP_INDIRECT, 0, 0 },
	{ "ff2511223344", 6, FT_INSN_JMP_INDIRECT, 1, 0 },
	{ "48ff2c24", 4, FT_INSN_JMP_INDIRECT, 0, 0 },
	{ "7510", 2, FT_INSN_BRANCH, 0, 0x12 },
	{ "0f8480ffffff", 6, FT_INSN_BRANCH, 0, -0x7a },
	{ "2e0f8480ffffff", 7, FT_INSN_BRANCH, 0, -0x79 },
	{ "e2fd", 2, FT_INSN_BRANCH, 0, -1 },
	{ "67e302", 3, FT_INSN_BRANCH, 0, 5 },
	{ "c7f810000000", 6, FT_INSN_BRANCH, 0, 0x16 }, /* xbegin */
	{ "66c7f8feff", 5, FT_INSN_BRANCH, 0, 3 },
	{ "c6f811", 3, FT_INSN_OTHER, 0, 0 }, /* xabort */
	{ "e810000000", 5, FT_INSN_CALL, 0, 0x15 },
	{ "67e810000000", 6, FT_INSN_CALL, 0, 0x16 },
	{ "666648e810000000", 8, FT_INSN_CALL, 0, 0x18 },
	{ "ff1500000000", 6, FT_INSN_CALL_INDIRECT, 1, 0 },
	{ "41ffd3", 3, FT_INSN_CALL_INDIRECT, 0, 0 },
	{ "ff30", 2, FT_INSN_OTHER, 0, 0 },
	{ "0f05", 2, FT_INSN_SYSCALL, 0, 0 },
	{ "c5f80511", 4, FT_INSN_OTHER, 0, 0 }, /* 0f 05 of VEX is not syscall */
	{ "f4", 1, FT_INSN_TRAP, 0, 0 },
	{ "0f0b", 2, FT_INSN_TRAP, 0, 0 },
	{ "0fb9c0", 3, FT_INSN_TRAP, 0, 0 },
	{ "670fb94002", 5, FT_INSN_TRAP, 0, 0 },
};

static size_t from_hex(const char *hex, uint8_t *bytes)
{
	size_t n = 0;

	for (; hex[0] && hex[1]; hex += 2) {
		char digits[3] = { hex[0], hex[1], 0 };

		bytes[n++] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return n;
}

static void test_knowns(void)
{
	for (size_t i = 0; i < sizeof(knowns) / sizeof(*knowns); i++) {
		const struct known *k = &knowns[i];
		struct ft_insn insn;
		uint8_t bytes[32];
		size_t size = from_hex(k->hex, bytes);

		CHECK_EQ(ft_insn_decode(bytes, size, &insn), k->length);
		if (k->length &&
			(insn.length != k->length || insn.kind != k->kind ||
				insn.rip_relative != k->rip_relative || insn.target != k->target))
			fprintf(stderr, "%s\n", k->hex);
		CHECK_EQ(insn.length, k->length);
		CHECK_EQ(insn.kind, k->kind);
		CHECK_EQ(insn.rip_relative, k->rip_relative);
		CHECK_EQ(insn.target, k->target);
	}
	check_group("known encodings");
}

static void test_none(void)
{
	static const char *const none[] = { "06", "07", "0e", "16", "17", "1e", "1f", "27", "2f",
		"37", "3f", "60", "61", "82c000", "9a", "ce", "d400", "d500", "d6", "ea", "62",
		"c4", "66c5f877", "f3c5f877", "48c5f877", "c4e0", "8fd0", "fed0", "ffd8", "ffe8",
		"fff8", "ff38", "8dc0", "c608", "c7c8", "0f04", "0f0a", "0f24", "0f36", "0f39",
		"0f3b", "0fb8c0", "0fbac0", "62f87c4810c0", "62f1784810c0", "62f07c4810c0" };

	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		uint8_t bytes[32] = { 0 };
		struct ft_insn insn;

		from_hex(none[i], bytes);
		if (ft_insn_decode(bytes, sizeof(bytes), &insn))
			fprintf(stderr, "%s\n", none[i]);
		CHECK_EQ(insn.length, 0);
	}
	check_group("no instructions of 64-bit mode");
}

static void test_longest(void)
{
	uint8_t bytes[20];
	struct ft_insn insn;

	memset(bytes, 0x66, sizeof(bytes));
	CHECK_EQ(ft_insn_decode(bytes, sizeof(bytes), &insn), 0);
	bytes[14] = 0x90;
	CHECK_EQ(ft_insn_decode(bytes, sizeof(bytes), &insn), 15);
	CHECK_EQ(ft_insn_decode(bytes, 14, &insn), 0);
	bytes[14] = 0x66;
	bytes[15] = 0x90;
	CHECK_EQ(ft_insn_decode(bytes, sizeof(bytes), &insn), 0);
	CHECK_EQ(ft_insn_decode(bytes + 1, sizeof(bytes) - 1, &insn), 15);
	CHECK_EQ(ft_insn_decode(bytes, 0, &insn), 0);
	check_group("15 bytes at most");
}

static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint32_t below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % n;
}

/* Bytes that lead on to other bytes come more often than by chance. */
static void random_code(uint8_t *bytes, size_t size)
{
	static const uint8_t leading[] = { 0x66, 0x67, 0xf2, 0xf3, 0x2e, 0x64, 0x48, 0x41, 0x0f,
		0x0f, 0x0f, 0x38, 0x3a, 0xc4, 0xc5, 0x62, 0x8f, 0xf6, 0xf7, 0xff, 0xc7, 0xb8,
		0xa1 };
	size_t lead = below(6);

	for (size_t i = 0; i < size; i++)
		bytes[i] = i < lead ? leading[below(sizeof(leading))] : (uint8_t)below(256);
}

/* Each size in memory of just that size, where AddressSanitizer sees what is read beyond. */
static void test_sizes(void)
{
	for (int round = 0; round < 40000; round++) {
		uint8_t bytes[24];
		struct ft_insn all, some;
		int length;

		random_code(bytes, sizeof(bytes));
		length = ft_insn_decode(bytes, sizeof(bytes), &all);
		CHECK(length >= 0 && length <= 15 && all.length == length);
		CHECK(all.kind <= FT_INSN_TRAP);
		for (size_t size = 0; size <= 16; size++) {
			uint8_t *exact = malloc(size ? size : 1);
			int got;

			memcpy(exact, bytes, size);
			got = ft_insn_decode(exact + (size ? 0 : 1), size, &some);
			CHECK_EQ(got, size >= (size_t)length ? length : 0);
			if (got)
				CHECK(some.kind == all.kind && some.target == all.target &&
					some.rip_relative == all.rip_relative);
			free(exact);
		}
	}
	check_group("the same with as many bytes as it takes, nothing with fewer");
}

int main(void)
{
	test_knowns();
	test_none();
	test_longest();
	test_sizes();
	return check_result();
}
