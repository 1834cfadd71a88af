/*
 * What decides the length of an instruction, and no more: prefixes, opcode, ModRM, SIB. Opcodes that
 * the manuals leave undefined are refused in the one-byte and the 0f map, but not those of the x87;
 * in the other maps, where all look alike, they pass.
 */
#include "arch/x86_64/insn.h"

#include <string.h>

#define LENGTH_MAX 15

/*
 * What follows an opcode, by letter. z: 2 bytes with 66, else 4.
 *   .  nothing                  m  ModRM
 *   b  1 byte                   B  ModRM, 1 byte
 *   w  2 bytes                  r  ModRM that names registers whatever its mod
 *   e  3 bytes (enter)          q  ModRM, with 66 or f2 2 bytes (extrq, insertq)
 *   z  z                        Z  ModRM, z
 *   v  8 bytes with REX.W or z  t  ModRM, 1 byte if it means test
 *   o  an address               T  ModRM, z if it means test
 *   j  a target of 1 byte       D  ModRM, 4 bytes
 *   J  a target of 4 bytes      x  undefined, or no opcode
 */
static const char one_byte[] = "mmmmbzxxmmmmbzxx" /* 00 */
			       "mmmmbzxxmmmmbzxx" /* 10 */
			       "mmmmbzxxmmmmbzxx" /* 20 */
			       "mmmmbzxxmmmmbzxx" /* 30 */
			       "xxxxxxxxxxxxxxxx" /* 40 */
			       "................" /* 50 */
			       "xxxmxxxxzZbB...." /* 60 */
			       "jjjjjjjjjjjjjjjj" /* 70 */
			       "BZxBmmmmmmmmmmmm" /* 80 */
			       "..........x....." /* 90 */
			       "oooo....bz......" /* a0 */
			       "bbbbbbbbvvvvvvvv" /* b0 */
			       "BBw.xxBZe.w..bx." /* c0 */
			       "mmmmxxx.mmmmmmmm" /* d0 */
			       "jjjjbbbbJJxj...." /* e0 */
			       "x.xx..tT......mm" /* f0 */;

static const char two_byte[] = "mmmmx.....x.xm.B" /* 00 */
			       "mmmmmmmmmmmmmmmm" /* 10 */
			       "rrrrxxxxmmmmmmmm" /* 20 */
			       "......x.xxxxxxxx" /* 30 */
			       "mmmmmmmmmmmmmmmm" /* 40 */
			       "mmmmmmmmmmmmmmmm" /* 50 */
			       "mmmmmmmmmmmmmmmm" /* 60 */
			       "BBBBmmm.qmxxmmmm" /* 70 */
			       "JJJJJJJJJJJJJJJJ" /* 80 */
			       "mmmmmmmmmmmmmmmm" /* 90 */
			       "...mBmmm...mBmmm" /* a0 */
			       "mmmmmmmmmmBmmmmm" /* b0 */
			       "mmBmBBBm........" /* c0 */
			       "mmmmmmmmmmmmmmmm" /* d0 */
			       "mmmmmmmmmmmmmmmm" /* e0 */
			       "mmmmmmmmmmmmmmmm" /* f0 */;

/* Opcode maps, numbered as VEX and EVEX do; XOP has its own. */
enum map { MAP_ONE, MAP_0F, MAP_0F38, MAP_0F3A, MAP_5 = 5, MAP_6, XOP_8 = 8, XOP_9, XOP_A };

struct decoder {
	const uint8_t *code;
	size_t size;
	size_t at; /* what is read next; may come to lie behind size */
	bool p66, p67, pf0, pf2, pf3; /* prefixes seen */
	bool vector; /* VEX, EVEX or XOP */
	bool rip_relative;
	uint8_t rex, map, opcode, modrm;
};

/* Behind the end: 0, and `at` tells. */
static uint8_t next(struct decoder *d)
{
	uint8_t byte = d->at < d->size ? d->code[d->at] : 0;

	d->at++;
	return byte;
}

/* A REX counts only right before the opcode. */
static void read_prefixes(struct decoder *d)
{
	for (; d->at < d->size; d->at++) {
		uint8_t byte = d->code[d->at];

		if ((byte & 0xf0) == 0x40) {
			d->rex = byte;
			continue;
		}
		switch (byte) {
		case 0x66:
			d->p66 = true;
			break;
		case 0x67:
			d->p67 = true;
			break;
		case 0xf0:
			d->pf0 = true;
			break;
		case 0xf2:
			d->pf2 = true;
			break;
		case 0xf3:
			d->pf3 = true;
			break;
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0x64:
		case 0x65:
			break;
		default:
			return;
		}
		d->rex = 0;
	}
}

/* VEX, EVEX and XOP: the first of their 2 to 4 bytes is read. They go with no REX, nor with the
 * prefixes that they stand for. */
static bool read_vector(struct decoder *d, uint8_t first)
{
	uint8_t second = next(d);

	if (d->rex || d->p66 || d->pf0 || d->pf2 || d->pf3)
		return false;
	d->vector = true;
	d->map = MAP_0F;
	if (first != 0xc5) {
		uint8_t third = next(d);

		d->map = second & (first == 0x62 ? 0x0f : 0x1f);
		if (first == 0x62) {
			next(d);
			if (!(third & 0x04))
				return false;
		}
	}
	d->opcode = next(d);
	if (first == 0x8f)
		return d->map <= XOP_A;
	return (d->map >= MAP_0F && d->map <= MAP_0F3A) ||
	       (first == 0x62 && (d->map == MAP_5 || d->map == MAP_6));
}

static bool read_opcode(struct decoder *d)
{
	uint8_t byte = next(d);

	/* 8f is pop, whose ModRM has a 0 where XOP has 8 or more as its map */
	if (byte == 0xc4 || byte == 0xc5 || byte == 0x62 ||
		(byte == 0x8f && d->at < d->size && (d->code[d->at] & 0x1f) >= XOP_8))
		return read_vector(d, byte);
	if (byte == 0x0f) {
		d->map = MAP_0F;
		byte = next(d);
		if (byte == 0x38 || byte == 0x3a) {
			d->map = byte == 0x38 ? MAP_0F38 : MAP_0F3A;
			byte = next(d);
		}
	}
	d->opcode = byte;
	return true;
}

static char vector_0f_form(uint8_t opcode)
{
	switch (opcode) {
	case 0x77: /* vzeroupper */
		return '.';
	case 0x70 ... 0x73:
	case 0xc2:
	case 0xc4 ... 0xc6:
		return 'B';
	default:
		return 'm';
	}
}

static char form(const struct decoder *d)
{
	switch (d->map) {
	case MAP_ONE:
		return one_byte[d->opcode];
	case MAP_0F:
		return d->vector ? vector_0f_form(d->opcode) : two_byte[d->opcode];
	case MAP_0F3A:
	case XOP_8:
		return 'B';
	case XOP_A:
		return 'D';
	default:
		return 'm';
	}
}

static int reg(const struct decoder *d)
{
	return d->modrm >> 3 & 7;
}

static bool names_register(const struct decoder *d)
{
	return d->modrm >= 0xc0;
}

/* With the SIB and the displacement. */
static void read_modrm(struct decoder *d, bool registers)
{
	int mod, base;

	d->modrm = next(d);
	mod = d->modrm >> 6;
	base = d->modrm & 7;
	if (registers || mod == 3)
		return;
	d->rip_relative = mod == 0 && base == 5;
	if (base == 4)
		base = next(d) & 7;
	if (mod == 1)
		d->at += 1;
	else if (mod == 2 || base == 5)
		d->at += 4;
}

/* Opcodes that mean something with some values of ModRM only, as far as it keeps data from passing
 * for code. */
static bool defined(const struct decoder *d)
{
	if (d->vector)
		return true;
	if (d->map == MAP_0F) {
		if (d->opcode == 0xb8) /* popcnt; without f3 it was Itanium's */
			return d->pf3;
		return d->opcode != 0xba || reg(d) >= 4;
	}
	if (d->map != MAP_ONE)
		return true;
	switch (d->opcode) {
	case 0x8d:
		return !names_register(d);
	case 0x8f:
		return reg(d) == 0;
	case 0xc6:
	case 0xc7:
		return reg(d) == 0 || d->modrm == 0xf8; /* xabort, xbegin */
	case 0xfe:
		return reg(d) <= 1;
	case 0xff: /* far call and jmp take their target from memory */
		return reg(d) != 7 && !(names_register(d) && (reg(d) == 3 || reg(d) == 5));
	default:
		return true;
	}
}

static int immediate_size(const struct decoder *d, char letter)
{
	bool wide = d->rex & 8;
	int z = d->p66 && !wide ? 2 : 4;

	switch (letter) {
	case 'b':
	case 'B':
	case 'j':
		return 1;
	case 'w':
		return 2;
	case 'e':
		return 3;
	case 'D':
	case 'J': /* AMD heeds 66 here, Intel does not; no compiler writes it */
		return 4;
	case 'z':
	case 'Z':
		return z;
	case 'v':
		return wide ? 8 : z;
	case 'o':
		return d->p67 ? 4 : 8;
	case 'q':
		return d->p66 || d->pf2 ? 2 : 0;
	case 't':
		return reg(d) <= 1 ? 1 : 0;
	case 'T':
		return reg(d) <= 1 ? z : 0;
	default:
		return 0;
	}
}

static enum ft_insn_kind kind_of_ff(const struct decoder *d)
{
	switch (reg(d)) {
	case 2:
	case 3:
		return FT_INSN_CALL_INDIRECT;
	case 4:
	case 5:
		return FT_INSN_JMP_INDIRECT;
	default:
		return FT_INSN_OTHER;
	}
}

static enum ft_insn_kind kind_of_one_byte(const struct decoder *d)
{
	switch (d->opcode) {
	case 0x70 ... 0x7f:
	case 0xe0 ... 0xe3:
		return FT_INSN_BRANCH;
	case 0x90: /* with f3 it is pause, with REX.B xchg; with lock it traps */
		return d->pf3 || d->pf0 || d->rex & 1 ? FT_INSN_OTHER : FT_INSN_NOP;
	case 0xc2:
	case 0xc3:
	case 0xca:
	case 0xcb:
		return FT_INSN_RET;
	case 0xc7:
		return reg(d) ? FT_INSN_BRANCH : FT_INSN_OTHER; /* xbegin */
	case 0xcc:
		return FT_INSN_INT3;
	case 0xe8:
		return FT_INSN_CALL;
	case 0xe9:
	case 0xeb:
		return FT_INSN_JMP;
	case 0xf4:
		return FT_INSN_TRAP;
	case 0xff:
		return kind_of_ff(d);
	default:
		return FT_INSN_OTHER;
	}
}

static enum ft_insn_kind kind_of(const struct decoder *d)
{
	if (d->map == MAP_ONE)
		return kind_of_one_byte(d);
	if (d->map != MAP_0F || d->vector)
		return FT_INSN_OTHER;
	switch (d->opcode) {
	case 0x05:
		return FT_INSN_SYSCALL;
	case 0x0b:
	case 0xb9:
	case 0xff:
		return FT_INSN_TRAP;
	case 0x1f:
		return d->pf0 ? FT_INSN_OTHER : FT_INSN_NOP;
	case 0x80 ... 0x8f:
		return FT_INSN_BRANCH;
	default:
		return FT_INSN_OTHER;
	}
}

/* The distance in the last bytes of the instruction. */
static int64_t distance(const uint8_t *end, int size)
{
	int16_t d16;
	int32_t d32;

	if (size == 1)
		return (int8_t)end[-1];
	if (size == 2) {
		memcpy(&d16, end - 2, sizeof(d16));
		return d16;
	}
	memcpy(&d32, end - 4, sizeof(d32));
	return d32;
}

int ft_insn_decode(const uint8_t *code, size_t size, struct ft_insn *out)
{
	struct decoder d = { .code = code, .size = size < LENGTH_MAX ? size : LENGTH_MAX };
	int immediate;
	char letter;

	*out = (struct ft_insn){ 0 };
	read_prefixes(&d);
	if (!read_opcode(&d) || (letter = form(&d)) == 'x')
		return 0;
	if (strchr("mrBqZtTD", letter))
		read_modrm(&d, letter == 'r');
	immediate = immediate_size(&d, letter);
	d.at += (size_t)immediate;
	if (d.at > d.size || !defined(&d))
		return 0;
	out->length = (uint8_t)d.at;
	out->kind = (uint8_t)kind_of(&d);
	out->rip_relative = d.rip_relative;
	if (out->kind == FT_INSN_JMP || out->kind == FT_INSN_BRANCH || out->kind == FT_INSN_CALL)
		out->target = (int64_t)d.at + distance(code + d.at, immediate);
	return out->length;
}
