/* What is found out about a site from the code around it, and the springboards that lead away from it. */
#include "arch/x86_64/site.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/insn.h"
#include "check.h"

#define GETPID	 39
#define MOV	 "b8 27 00 00 00"
#define MOV_LONG "48 c7 c0 27 00 00 00"
#define SYSCALL	 "| 0f 05 "
#define CMP	 "48 3d 00 f0 ff ff "
#define FILLER	 "48 89 c3 " /* mov %rax, %rbx; from whatever start, decoding is right soon */
#define FILLERS	 FILLER FILLER FILLER FILLER FILLER FILLER FILLER FILLER FILLER FILLER
#define START	 FILLERS FILLERS FILLERS
#define NOP_8	 "0f 1f 84 00 00 00 00 00 "
#define END	 "c3 31 c0 c3 " /* and nothing that could be taken for padding */

static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint32_t below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % n;
}

/* In memory of just that size: AddressSanitizer sees to it that nothing else is read. */
static struct ft_patch analyse_bytes(const uint8_t *bytes, size_t before, size_t after,
	uint64_t address, uint32_t nr, bool alone)
{
	uint8_t *copy = malloc(before + after);
	struct ft_patch patch;

	memcpy(copy, bytes, before + after);
	memset(&patch, 0xa5, sizeof(patch));
	ft_site_analyse(copy + before, before, after, address, nr, alone, &patch);
	free(copy);
	return patch;
}

static uint8_t code[2048];
static size_t code_len, code_site;

/* Bytes in hex; a bar stands before the site. */
static void assemble(const char *hex)
{
	code_len = 0;
	for (; *hex; hex++) {
		char *end;

		if (*hex == '|')
			code_site = code_len;
		if (*hex == ' ' || *hex == '|')
			continue;
		code[code_len++] = (uint8_t)strtoul(hex, &end, 16);
		hex = end - 1;
	}
}

static struct ft_patch analyse_at(const char *hex, uint64_t address, bool alone)
{
	assemble(hex);
	return analyse_bytes(code, code_site, code_len - code_site, address, GETPID, alone);
}

/* At an address where no padding ends that is not meant as such. */
static struct ft_patch analyse(const char *hex)
{
	return analyse_at(hex, 0x401000, false);
}

static void test_mov(void)
{
	static const char *const others[] = {
		START "c7 44 24 b8 27 00 00 00" SYSCALL END, /* movl $39, -72(%rsp) */
		START "41 b8 27 00 00 00" SYSCALL END, /* mov $39, %r8d */
		START "48 b8 01 02 03 b8 27 00 00 00" SYSCALL END, /* movabs $..., %rax */
		START "49 ba 00 " MOV_LONG SYSCALL END, /* movabs $..., %r10 */
		START "b8 26 00 00 00" SYSCALL END, /* of another number */
		START "b8 27 00 00 01" SYSCALL END,
		START "bf 27 00 00 00" SYSCALL END,
		START "b8 27 00 00 00 90" SYSCALL END,
		START "48 c7 c1 27 00 00 00" SYSCALL END,
		MOV SYSCALL END, /* nothing is known of what stands before */
		FILLER FILLER FILLER MOV SYSCALL END,
		"c7 44 24 " MOV SYSCALL END,
		/* All is cut off right before, in it, or behind the syscall. */
		SYSCALL,
		"27 00 00 00" SYSCALL,
		START MOV_LONG " 00" SYSCALL,
	};
	struct ft_patch patch = analyse(START MOV SYSCALL END);

	CHECK_EQ(patch.kind, FT_PATCH_MOV);
	CHECK_EQ(patch.at, -5);
	CHECK_EQ(patch.moved_len, 5);
	CHECK(!memcmp(patch.moved, code + code_site - 5, 5));
	patch = analyse(START MOV_LONG SYSCALL END);
	CHECK_EQ(patch.kind, FT_PATCH_MOV);
	CHECK_EQ(patch.at, -7);
	CHECK_EQ(patch.moved_len, 7);
	CHECK(!memcmp(patch.moved, code + code_site - 7, 7));
	/* It is taken before padding, or what could be moved. */
	CHECK_EQ(analyse_at(START MOV SYSCALL "c3 " NOP_8, 0x401005, true).kind, FT_PATCH_MOV);
	CHECK_EQ(analyse_at(START MOV SYSCALL CMP END, 0x401000, true).kind, FT_PATCH_MOV);
	CHECK_EQ(analyse(START MOV SYSCALL).kind, FT_PATCH_MOV);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		patch = analyse(others[i]);
		if (patch.kind != FT_PATCH_NONE)
			fprintf(stderr, "case %zu:\n", i);
		CHECK_EQ(patch.kind, FT_PATCH_NONE);
	}
	check_group("the mov before a site is told from the end of another instruction");
}

static void check_padding(struct ft_patch patch, bool found, int at)
{
	CHECK_EQ(patch.kind, found ? FT_PATCH_PADDING : FT_PATCH_NONE);
	CHECK_EQ(patch.padding, found ? at : 0);
	CHECK_EQ(patch.at, patch.padding);
	CHECK_EQ(patch.moved_len, 0);
}

static struct ft_patch analyse_code(uint64_t address)
{
	return analyse_bytes(code, code_site, code_len - code_site, address, GETPID, false);
}

/* A ret right behind the site, and then padding up to a multiple of 16. */
static void test_padding_kinds(void)
{
	for (unsigned length = 1; length <= 16; length++) {
		uint64_t address = 0x401000 - 3 - length;

		for (int kind = 0; kind < 5; kind++) {
			uint8_t *at;

			assemble(START SYSCALL "c3 ");
			at = code + code_len;
			memset(at, kind == 0 ? 0xcc : 0x66, length);
			at[length - 1] = 0x90; /* with prefixes a long nop */
			if (kind == 2)
				at[0] = 0x90;
			if (kind == 3)
				at[length - 1] = 0x50; /* not up to there */
			if (kind == 4) /* a function's, to be patched by others */
				memset(at, 0x90, length);
			code_len += length;
			check_padding(
				analyse_code(address), length >= 5 && length < 16 && kind < 3, 3);
			code[code_site + 2] = 0x50; /* instead of the ret: code goes on there */
			check_padding(analyse_code(address), false, 0);
		}
	}
	/* Cut off in the middle. */
	assemble(START SYSCALL "c3 " NOP_8);
	for (; code_len > code_site + 2; code_len--)
		check_padding(analyse_code(0x401005), code_len == code_site + 11, 3);
	check_group("padding is what ends at a multiple of 16");
}

static void append(const char *hex, unsigned times)
{
	size_t len = strlen(hex) / 3;

	for (; times; times--, code_len += len)
		for (size_t i = 0; i < len; i++)
			code[code_len + i] = (uint8_t)strtoul(hex + 3 * i, NULL, 16);
}

static void test_padding_reach(void)
{
	for (int at = 3; at < 140; at++) {
		assemble(START SYSCALL);
		append("50 ", (unsigned)at - 3);
		append("c3 " NOP_8, 1);
		check_padding(analyse_code(0x401008 - (uint64_t)at), at <= 129, at);
		/* And where nothing is known of the code before. */
		check_padding(analyse_bytes(code + code_site, 0, code_len - code_site,
				      0x401008 - (uint64_t)at, GETPID, false),
			false, 0);
	}
	for (int at = -140; at <= -8; at++) {
		assemble(START);
		append("c3 " NOP_8, 1);
		append("50 ", (unsigned)-at - 8);
		code_site = code_len;
		append("0f 05 " END, 1);
		check_padding(analyse_code(0x401008 - (uint64_t)at), at >= -126, at);
	}
	check_group("padding is found as far as a short jump reaches");
}

/* A jump or call to an offset from the site. */
static void append_jump(const char *opcode, int to)
{
	bool is_short = !strcmp(opcode, "eb ") || !strcmp(opcode, "75 ");
	size_t size = is_short ? 1 : 4;
	int32_t distance;

	append(opcode, 1);
	distance = to - (int)(code_len + size - code_site);
	memcpy(code + code_len, &distance, size);
	code_len += size;
}

/* Jumps of each kind to around the bytes first to last, from behind them. */
static void check_jumps(
	const char *tail, int first, int last, uint64_t address, enum ft_patch_kind kind)
{
	static const char *const opcodes[] = { "eb ", "75 ", "e9 ", "0f 84 ", "e8 " };

	for (size_t i = 0; i < sizeof(opcodes) / sizeof(opcodes[0]); i++)
		for (int to = first - 3; to <= last + 3; to++) {
			bool hit = to >= first && to <= last;
			struct ft_patch patch;

			assemble(START SYSCALL);
			append(tail, 1);
			append_jump(opcodes[i], to);
			append(END, 1);
			patch = analyse_bytes(code, code_site, code_len - code_site, address,
				GETPID, kind == FT_PATCH_MOVED);
			CHECK_EQ(patch.kind, hit ? FT_PATCH_NONE : kind);
		}
}

static void test_jumps(void)
{
	check_jumps("c3 " NOP_8, 3, 10, 0x401005, FT_PATCH_PADDING);
	check_jumps(CMP, 2, 7, 0x401000, FT_PATCH_MOVED);
	check_group("nothing is written over what is jumped to");
}

static void check_moved(const char *hex, bool alone, uint8_t len)
{
	struct ft_patch patch = analyse_at(hex, 0x401000, alone);

	CHECK_EQ(patch.kind, len ? FT_PATCH_MOVED : FT_PATCH_NONE);
	CHECK_EQ(patch.moved_len, len);
	CHECK_EQ(patch.at, 0);
	CHECK(!memcmp(patch.moved, code + code_site + 2, len));
}

static void test_moved(void)
{
	static const char *const others[] = {
		START SYSCALL "89 c3 " END, /* too short */
		START SYSCALL "85 c0 " END,
		START SYSCALL "48 89 d8 " END, /* mov %rbx, %rax */
		START SYSCALL "48 89 03 " END, /* mov %rax, (%rbx) */
		START SYSCALL "48 89 43 08 " END,
		START SYSCALL "48 81 f8 00 f0 ff ff " END, /* never written */
		START SYSCALL "3d 00 f0 ff ff " END,
		START SYSCALL "48 8b 05 00 f0 ff ff " END,
		START SYSCALL "48 3d 00 f0 ff", /* cut off */
		START SYSCALL,
	};

	check_moved(START SYSCALL CMP END, true, 6);
	check_moved(START SYSCALL CMP, true, 6);
	check_moved(SYSCALL CMP END, true, 0);
	check_moved(START SYSCALL "48 89 c3 " END, true, 3);
	check_moved(START SYSCALL "49 89 c4 " END, true, 3);
	check_moved(START SYSCALL CMP END, false, 0);
	check_moved(START SYSCALL "48 89 c3 " END, false, 0);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		check_moved(others[i], true, 0);
	check_group("what looks at the result moves, of a task that is alone");
}

/*
 * The two bytes of a syscall within another instruction, which a task has jumped to, with all around that
 * a patch needs.
 */
static void test_within_another(void)
{
	static const char *const others[] = {
		START "b8 90 90 " SYSCALL "c3 " NOP_8, /* mov $0x050f9090, %eax */
		START "48 8d 87 " SYSCALL "00 00 c3 " NOP_8, /* lea 0x50f(%rdi), %rax */
		START "48 b8 01 02 03 04 05 06 " SYSCALL CMP END, /* movabs $..., %rax */
		START "49 ba 00 " MOV SYSCALL CMP END,
		START "c7 44 24 10 " SYSCALL "48 89 c3 c3 " NOP_8, /* movl $..., 16(%rsp) */
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		for (uint64_t address = 0x401000; address < 0x401010; address++)
			for (int alone = 0; alone < 2; alone++)
				CHECK_EQ(analyse_at(others[i], address, alone).kind, FT_PATCH_NONE);
	check_group("the bytes of a syscall in another instruction are left alone");
}

/* What holds of a patch whatever the code is. */
static void check_patch(
	const struct ft_patch *patch, int before, int after, uint64_t address, bool alone)
{
	const uint8_t *site = code + before;
	uint32_t nr = GETPID;

	switch (patch->kind) {
	case FT_PATCH_NONE:
		break;
	case FT_PATCH_MOV:
		CHECK(patch->at == -5 || patch->at == -7);
		CHECK(before >= -patch->at && !memcmp(site - 4, &nr, 4));
		CHECK(!memcmp(site + patch->at, patch->moved, patch->moved_len));
		break;
	case FT_PATCH_PADDING:
		CHECK(patch->at == patch->padding && patch->at >= -before);
		CHECK(patch->at - 2 >= -128 && patch->at - 2 <= 127 && patch->at + 5 <= after);
		CHECK(patch->at >= 2 || patch->at + 5 <= 0);
		CHECK((address + (uint64_t)(int64_t)patch->at - 1) % 16 < 11);
		break;
	case FT_PATCH_MOVED:
		CHECK(alone && patch->moved_len >= 3 && 2 + patch->moved_len <= after);
		CHECK(!memcmp(site + 2, patch->moved, patch->moved_len));
		break;
	default:
		CHECK(!"a kind of patch");
	}
}

static void test_random(void)
{
	static const char *const snippets[] = { FILLER, MOV " ", MOV_LONG " ", "0f 05 ", CMP, "c3 ",
		NOP_8, "cc cc cc cc ", "eb 10 ", "74 f0 ", "e9 f0 ff ff ff ", "66 90 ", "c7 44 24 ",
		"48 ", "0f " };
	int seen[FT_PATCH_MOVED + 1] = { 0 };

	for (int i = 0; i < 60000; i++) {
		unsigned before = below(i % 8 ? 300 : 12), after = 2 + below(i % 8 ? 300 : 12);
		unsigned proof = i % 2 ? sizeof(START) / 3 : 0, mov;
		uint64_t address = 0x401000 + below(16);
		bool alone = below(2);
		struct ft_patch patch;

		before = proof ? proof + 5 + below(4) : before;
		code_len = 0;
		while (code_len < before + after) {
			if (below(8) == 0)
				code[code_len++] = (uint8_t)below(256);
			else if (i % 4)
				append(snippets[below(15)], 1);
			else
				code[code_len++] = (uint8_t)below(256);
		}
		memcpy(code + before, "\x0f\x05", 2);
		mov = before >= 5 && below(2) ? 5 : 0;
		memcpy(code + before - mov, "\xb8\x27\0\0\0", mov);
		for (unsigned at = before - mov - proof; at < before - mov; at += 3)
			memcpy(code + at, "\x48\x89\xc3", 3); /* FILLER */
		patch = analyse_bytes(code, before, after, address, GETPID, alone);
		check_patch(&patch, (int)before, (int)after, address, alone);
		if (patch.kind <= FT_PATCH_MOVED)
			seen[patch.kind]++;
	}
	for (int i = 0; i <= FT_PATCH_MOVED; i++)
		CHECK(seen[i] > 100);
	check_group("code of all sorts: no byte outside is read, and all patches are sound");
}

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
	if (patch->kind == FT_PATCH_MOV) {
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
		START SYSCALL "c3 " NOP_8, START SYSCALL CMP, START SYSCALL "49 89 c4 " };
	static const int32_t distances[] = { 0, 1, -1, 0x7fffffff, -0x7fffffff - 1 };

	for (int i = 0; i < 5; i++) {
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

/* A thread may have written there since the task stopped: what is found out would be told of other processes. */
static void test_no_syscall_any_more(void)
{
	static const uint8_t others[][2] = { { 0x0f, 0x0b }, { 0xe9, 0xe9 }, { 0xcd, 0x80 } };

	assemble(START MOV SYSCALL END);
	CHECK_EQ(analyse_code(0x401000).kind, FT_PATCH_MOV);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		memcpy(code + code_site, others[i], 2);
		CHECK_EQ(analyse_code(0x401000).kind, FT_PATCH_NONE);
	}
	check_group("where no syscall stands nothing is patched");
}

int main(void)
{
	test_no_syscall_any_more();
	test_mov();
	test_padding_kinds();
	test_padding_reach();
	test_jumps();
	test_moved();
	test_within_another();
	test_random();
	test_springboards();
	return check_result();
}
