/* What is found out about a site from the code around it. */
#include "site_code.h"

static void test_mov(void)
{
	static const char *const others[] = {
		MOV SYSCALL END, /* nothing is known of what stands before */
		FILLER FILLER FILLER MOV SYSCALL END,
		"c7 44 24 " MOV SYSCALL END,
		/* All is cut off right before, in it, or behind the syscall. */
		SYSCALL,
		"27 00 00 00" SYSCALL,
		START MOV_LONG " 00" SYSCALL,
	};
	static const struct {
		const char *hex;
		int length;
	} longer[] = {
		{ START "48 b8 01 02 03 b8 27 00 00 00" SYSCALL END, 10 }, /* movabs $..., %rax */
		{ START "49 ba 00 " MOV_LONG SYSCALL END, 10 }, /* movabs $..., %r10 */
		{ START "b8 27 00 00 00 90" SYSCALL END, 6 },
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
	for (size_t i = 0; i < sizeof(longer) / sizeof(longer[0]); i++) {
		patch = analyse(longer[i].hex);
		CHECK_EQ(patch.kind, FT_PATCH_BEFORE);
		CHECK_EQ(patch.moved_len, longer[i].length);
	}
	check_group("the mov before a site is told from the end of another instruction");
}

static void test_before(void)
{
	static const struct {
		const char *hex;
		int length;
	} cases[] = {
		{ "c7 44 24 b8 27 00 00 00", 8 }, /* movl $39, -72(%rsp) */
		{ "41 b8 27 00 00 00", 6 }, /* mov $39, %r8d */
		{ "b8 26 00 00 00", 5 }, /* of another number */
		{ "b8 27 00 00 01", 5 },
		{ "bf 27 00 00 00", 5 },
		{ "48 c7 c1 27 00 00 00", 7 },
		{ "0f 11 83 d8 02 00 00", 7 }, /* movups %xmm0, 0x2d8(%rbx): ld.so's */
		{ "66 0f 6c c0", 0 }, /* too short */
		{ "48 8d 3d 00 10 00 00", 7 }, /* lea 0x1000(%rip), %rdi */
		{ "48 8b 3d 00 10 00 00", 0 }, /* mov 0x1000(%rip), %rdi */
		{ "bf 27 00 00 00 66 90 31 ff", 9 }, /* and a nop, and xor %edi, %edi */
		{ "48 8d 3d 00 10 00 00 83 03 01 83 06 01", 13 },
		{ "bf 27 00 00 00 48 8b 3d 00 10 00 00", 0 },
		{ "bf 27 00 00 00 74 00 31 ff", 0 }, /* not a straight way */
		{ "0f 05 bf 27 00 00 00", 0 }, /* which may move with the call before it */
		{ "e8 00 00 00 00", 0 }, /* call */
		{ "0f 84 00 00 00 00", 0 }, /* je */
		{ "0f 1f 44 00 00", 0 }, /* a nop: what is aligned is jumped to */
		{ "c7 84 24 b8 00 00 00 27 00 00 00", 11 }, /* movl $39, 0xb8(%rsp) */
		{ "c7 84 24 b8 00 00 00 27 00 00 00 83 43 10 01 31 ff", 0 }, /* too long */
		{ "ff 24 25 00 00 00 00", 0 }, /* jmp *0 */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ft_patch patch;
		char hex[sizeof(START SYSCALL END) + 64];

		snprintf(hex, sizeof(hex), "%s%s %s", START, cases[i].hex, SYSCALL END);
		patch = analyse(hex);
		CHECK_EQ(patch.kind, cases[i].length ? FT_PATCH_BEFORE : FT_PATCH_NONE);
		CHECK_EQ(patch.at, -cases[i].length);
		CHECK_EQ(patch.moved_len, cases[i].length);
		CHECK(!memcmp(patch.moved, code + code_site + patch.at, patch.moved_len));
	}
	check_group("an instruction before a site moves that does the same elsewhere");
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

/* The end of a thread in glibc 2.36: what stands before has zeros at its end, which may begin another instruction. */
#define END_OF_THREAD                                                                              \
	START "48 8b 4c 24 08 31 f6 31 c0 48 89 b1 20 06 00 00 87 81 18 06 00 00 "                 \
	      "83 e8 01 0f 8f 96 00 00 00 ba 3c 00 00 00 66 90 31 ff 89 d0" SYSCALL                \
	      "eb f8 48 89 df e8 30 cf ff ff "

static void test_jump_to_it(void)
{
	struct ft_patch patch = analyse(END_OF_THREAD END);

	CHECK_EQ(patch.kind, FT_PATCH_NONE);
	patch = analyse(END_OF_THREAD "eb e6 " END); /* to the byte before it */
	CHECK_EQ(patch.kind, FT_PATCH_NONE);
	patch = analyse(END_OF_THREAD "eb e7 " END);
	CHECK_EQ(patch.kind, FT_PATCH_BEFORE);
	CHECK_EQ(patch.at, -11);
	CHECK_EQ(patch.moved_len, 11);
	check_group("where bytes leave a doubt about an instruction's start, a jump to it decides");
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
	case FT_PATCH_BEFORE:
		CHECK(patch->at == -patch->moved_len && before >= patch->moved_len);
		CHECK(patch->moved_len >= FT_JMP_SIZE && patch->moved_len <= FT_MOVED_MAX);
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
		"48 ", "0f ", "bf 01 00 00 00 " };
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
				append(snippets[below(16)], 1);
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
	test_before();
	test_jump_to_it();
	test_padding_kinds();
	test_padding_reach();
	test_jumps();
	test_moved();
	test_within_another();
	test_random();
	return check_result();
}
