#include "arch/x86_64/site.h"

#include <string.h>

#include "arch/x86_64/insn.h"

#define SYSCALL_SIZE 2
#define RESULT_MAX   8 /* bytes of an instruction behind a syscall that moves */
#define STARTS                                                                                     \
	16 /* of so many addresses in a row one is an instruction's start: none is longer than 15 */
#define LEA_SIZE  7
#define NEAREST	  24 /* decoding from the wrong start finds its way within a few instructions */
#define SHORT_MIN (-128)
#define SHORT_MAX 127

/* Offsets are relative to the site from here on. */
struct code {
	const uint8_t *site;
	int from, to; /* what can be read */
	uint64_t address;
	/* Of the instructions at from, from + 1 ...: each is looked at from many sides. */
	bool decoded[2 * FT_SITE_WINDOW];
	struct ft_insn insns[2 * FT_SITE_WINDOW];
};

static int decode(struct code *c, int at, struct ft_insn *insn)
{
	int i = at - c->from;

	if (i < 0 || at >= c->to)
		return 0;
	if (!c->decoded[i])
		ft_insn_decode(c->site + at, (size_t)(c->to - at), &c->insns[i]);
	c->decoded[i] = true;
	*insn = c->insns[i];
	return insn->length;
}

/* Whether decoding from `start` comes to the site, and if it does, whether by way of `through`. */
static bool reaches_site(struct code *c, int start, int through, bool *passed)
{
	struct ft_insn insn;

	*passed = false;
	for (int at = start; at <= 0; at += insn.length) {
		if (at == through)
			*passed = true;
		if (at == 0)
			return true;
		if (!decode(c, at, &insn))
			return false;
	}
	return false;
}

/*
 * Whether an instruction starts at `through`. The bytes alone do not tell: they may be the end of a
 * longer one. Where true instructions start is not known; but among 16 starts in a row one is true, and
 * from a true start all that follow are true. So it is proved if all starts that lead to the site agree.
 */
static bool is_boundary(struct code *c, int through)
{
	bool passed, found = false;

	for (int start = -FT_SITE_WINDOW / 4; start <= -NEAREST; start++) {
		if (start < c->from || !reaches_site(c, start, through, &passed))
			continue;
		if (!passed)
			return false;
		found = true;
	}
	return found;
}

/* The first offset from which on all decodings agree; 0 if there is none before the site. */
static int common_boundary(struct code *c)
{
	int at[STARTS], first = c->from, n = 0;

	for (int i = 0; i < STARTS && first + i < 0; i++)
		at[n++] = first + i;
	for (;;) {
		int low = 0, high = 0;
		struct ft_insn insn;

		for (int i = 1; i < n; i++) {
			if (at[i] < at[low])
				low = i;
			if (at[i] > at[high])
				high = i;
		}
		if (!n || at[high] >= 0)
			return 0;
		if (at[low] == at[high])
			return at[low];
		if (!decode(c, at[low], &insn))
			at[low] = at[--n]; /* no code begins there */
		else
			at[low] += insn.length;
	}
}

static bool goes_on(const struct ft_insn *insn)
{
	switch (insn->kind) {
	case FT_INSN_RET:
	case FT_INSN_JMP:
	case FT_INSN_JMP_INDIRECT:
	case FT_INSN_TRAP:
		return false;
	default:
		return true;
	}
}

/* Whether some instruction from `start` on jumps to one of the bytes first <= offset < end. */
static bool is_target(struct code *c, int start, int first, int end)
{
	struct ft_insn insn;

	for (int at = start; at < c->to && decode(c, at, &insn); at += insn.length) {
		int64_t to = at + insn.target;

		if ((insn.kind == FT_INSN_JMP || insn.kind == FT_INSN_BRANCH ||
			    insn.kind == FT_INSN_CALL) &&
			to >= first && to < end)
			return true;
	}
	return false;
}

/*
 * The length of the padding at an offset: nops or int3 up to the next multiple of 16, where the next
 * code begins. Assemblers take long nops; one-byte ones in a row are what a function may begin with
 * (-fpatchable-function-entry).
 */
static int padding_at(struct code *c, int at)
{
	int end = at, single = 0, length = (int)(-(c->address + (uint64_t)(int64_t)at) % 16);
	struct ft_insn insn;

	while (end < at + length && decode(c, end, &insn)) {
		if (insn.kind != FT_INSN_NOP && insn.kind != FT_INSN_INT3)
			return 0;
		single += insn.kind == FT_INSN_NOP && insn.length == 1;
		end += insn.length;
	}
	return end == at + length && single < 2 ? length : 0;
}

/*
 * An instruction's start before the site from where decoding comes to it; 0: there is none. That a task ran
 * the bytes proves nothing of the rest: it may have jumped into the middle of another instruction.
 */
static int known_start(struct code *c)
{
	int start = common_boundary(c);
	bool passed;

	return reaches_site(c, start, start, &passed) ? start : 0;
}

/* Where some decodings disagree, which data between code may be the reason for, a jump that leads there decides. */
static bool is_insn_before(struct code *c, int start, int at)
{
	bool passed;

	return reaches_site(c, start, at, &passed) && passed &&
	       (is_boundary(c, at) || is_target(c, start, at, at + 1));
}

/* lea disp32(%rip), %reg: no more than a sum. */
static bool is_lea(const uint8_t *code, const struct ft_insn *insn)
{
	return insn->length == LEA_SIZE && (code[0] & 0xf8) == 0x48 && code[1] == 0x8d &&
	       (code[2] & 0xc7) == 0x05;
}

/* Whether it may run in the springboard instead: it does the same there, and goes on to the next. */
static bool can_move(const uint8_t *code, const struct ft_insn *insn)
{
	return (insn->kind == FT_INSN_OTHER || insn->kind == FT_INSN_NOP) &&
	       (!insn->rip_relative || is_lea(code, insn));
}

/* Whether such instructions lead from an offset to the site, the first of which is as long as a jmp. */
static bool can_move_from(struct code *c, int first)
{
	struct ft_insn insn;

	if (decode(c, first, &insn) < FT_JMP_SIZE || insn.kind != FT_INSN_OTHER)
		return false;
	for (int at = first; at < 0; at += insn.length)
		if (!decode(c, at, &insn) || at + insn.length > 0 || !can_move(c->site + at, &insn))
			return false;
	return true;
}

/* What follows a syscall may move with that one: FT_PATCH_MOVED. */
static bool is_behind_syscall(const struct code *c, int at)
{
	return at - SYSCALL_SIZE >= c->from && c->site[at - 2] == 0x0f && c->site[at - 1] == 0x05;
}

/*
 * How many bytes before the site may run in the springboard instead: one instruction, or one and short ones behind
 * it. These stay, too: who comes to one of them by another way makes the call from the site.
 */
static int insns_before(struct code *c, int start)
{
	for (int length = FT_JMP_SIZE; length <= FT_MOVED_MAX && start <= -length; length++)
		if (can_move_from(c, -length) && !is_behind_syscall(c, -length) &&
			is_insn_before(c, start, -length))
			return length;
	return 0;
}

/* Padding in reach of a short jmp: behind an instruction that does not go on, and jumped to by none. */
static bool find_padding(struct code *c, int start, struct ft_patch *out)
{
	struct ft_insn insn;

	for (int at = start; decode(c, at, &insn);) {
		int reach = at + insn.length - SYSCALL_SIZE, room;

		at += insn.length;
		if (goes_on(&insn) || reach < SHORT_MIN || reach > SHORT_MAX)
			continue;
		room = padding_at(c, at);
		if (room < FT_JMP_SIZE || is_target(c, start, at, at + room))
			continue;
		out->kind = FT_PATCH_PADDING;
		out->padding = (int16_t)at;
		out->at = (int16_t)at;
		return true;
	}
	return false;
}

/*
 * What may follow a syscall and move into the springboard: an instruction that looks at the result. So
 * nothing else has a reason to begin there.
 */
static int result_insn(struct code *c)
{
	const uint8_t *next = c->site + SYSCALL_SIZE;
	struct ft_insn insn;

	if (!decode(c, SYSCALL_SIZE, &insn) || insn.length < FT_JMP_SIZE - SYSCALL_SIZE ||
		insn.length > RESULT_MAX)
		return 0;
	if (next[0] == 0x48 && next[1] == 0x3d) /* cmp $imm32, %rax */
		return insn.length;
	if ((next[0] == 0x48 || next[0] == 0x49) && next[1] == 0x89 && (next[2] & 0xf8) == 0xc0)
		return insn.length; /* mov %rax, %reg */
	return 0;
}

static void move_one(struct code *c, int start, bool alone, struct ft_patch *out)
{
	int length = insns_before(c, start);

	if (length) {
		out->kind = FT_PATCH_BEFORE;
		out->at = (int16_t)-length;
	} else if (alone && (length = result_insn(c)) &&
		   !is_target(c, start, SYSCALL_SIZE, SYSCALL_SIZE + length)) {
		out->kind = FT_PATCH_MOVED;
	} else {
		return;
	}
	out->moved_len = (uint8_t)length;
}

void ft_site_analyse(const uint8_t *site, size_t before, size_t after, uint64_t address,
	uint32_t nr, bool alone, struct ft_patch *out)
{
	struct code c;
	int start;

	*out = (struct ft_patch){ .kind = FT_PATCH_NONE };
	c.site = site;
	c.from = before < FT_SITE_WINDOW ? -(int)before : -FT_SITE_WINDOW;
	c.to = after < FT_SITE_WINDOW ? (int)after : FT_SITE_WINDOW;
	c.address = address;
	/* It stopped at one, but what stands there now may have been written since. */
	if (c.to < SYSCALL_SIZE || site[0] != 0x0f || site[1] != 0x05)
		return;
	memset(c.decoded, 0, sizeof(c.decoded));
	start = known_start(&c);
	if (!start)
		return;
	if (start <= -7 && site[-7] == 0x48 && site[-6] == 0xc7 && site[-5] == 0xc0 &&
		!memcmp(site - 4, &nr, 4) && is_insn_before(&c, start, -7)) {
		out->kind = FT_PATCH_MOV;
		out->at = -7;
		out->moved_len = 7;
	} else if (start <= -5 && site[-5] == 0xb8 && !memcmp(site - 4, &nr, 4) &&
		   is_insn_before(&c, start, -5)) {
		out->kind = FT_PATCH_MOV;
		out->at = -5;
		out->moved_len = 5;
	} else if (!find_padding(&c, start, out)) {
		move_one(&c, start, alone, out);
	}
	if (ft_patch_is_before(out))
		memcpy(out->moved, site + out->at, out->moved_len);
	else if (out->kind == FT_PATCH_MOVED)
		memcpy(out->moved, site + SYSCALL_SIZE, out->moved_len);
}

void ft_site_jmp(uint64_t from, uint64_t to, uint8_t out[FT_JMP_SIZE])
{
	int32_t distance = (int32_t)(to - (from + FT_JMP_SIZE));

	out[0] = 0xe9;
	memcpy(out + 1, &distance, 4);
}

/* Instructions that move from one address to another. False: what one refers to is out of its reach there. */
static bool move_insns(const struct ft_patch *patch, uint64_t from, uint64_t to, uint8_t *out)
{
	struct ft_insn insn;

	memcpy(out, patch->moved, patch->moved_len);
	for (size_t i = 0; i < patch->moved_len; i += insn.length) {
		int32_t distance;
		int64_t moved;

		if (!ft_insn_decode(patch->moved + i, patch->moved_len - i, &insn))
			return false;
		if (!is_lea(patch->moved + i, &insn))
			continue;
		memcpy(&distance, patch->moved + i + LEA_SIZE - 4, 4);
		moved = distance + (int64_t)(from - to);
		distance = (int32_t)moved;
		if (distance != moved)
			return false;
		memcpy(out + i + LEA_SIZE - 4, &distance, 4);
	}
	return true;
}

size_t ft_site_springboard(const struct ft_patch *patch, uint64_t site, uint64_t address,
	uint64_t slot, uint8_t out[FT_SPRINGBOARD_SIZE], uint8_t *tail)
{
	static const uint8_t lea_r11[] = { 0x4c, 0x8d, 0x1d }, jmp_slot[] = { 0xff, 0x25 };
	size_t n = 0, lea;
	int32_t distance;

	if (ft_patch_is_before(patch)) {
		if (!move_insns(patch, site + (uint64_t)(int64_t)patch->at, address, out))
			return 0;
		n = patch->moved_len;
	}
	memcpy(out + n, lea_r11, 3);
	lea = n + 7;
	n = lea;
	memcpy(out + n, jmp_slot, 2);
	distance = (int32_t)(slot - (address + n + 6));
	memcpy(out + n + 2, &distance, 4);
	n += 6;
	*tail = 0;
	distance = (int32_t)(site + SYSCALL_SIZE - (address + lea));
	if (patch->kind == FT_PATCH_MOVED) {
		*tail = (uint8_t)n;
		distance = (int32_t)(n - lea);
		memcpy(out + n, patch->moved, patch->moved_len);
		n += patch->moved_len;
		ft_site_jmp(address + n, site + SYSCALL_SIZE + patch->moved_len, out + n);
		n += FT_JMP_SIZE;
	}
	memcpy(out + lea - 4, &distance, 4);
	return n;
}
