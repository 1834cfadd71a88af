#include "arch/x86_64/insn.h"
#include <string.h>
/* stopgap */
int ft_insn_decode(const uint8_t *c, size_t size, struct ft_insn *o)
{
	size_t n = 0;
	int rexw = 0, op16 = 0, a32 = 0, rep = 0;
	uint8_t b;
	int map = 0, modrm = 0, imm = 0;
	int vex = 0;
	memset(o, 0, sizeof *o);
#define NEED(k)                                                                                    \
	do {                                                                                       \
		if (n + (k) > size || n + (k) > 15)                                                \
			return 0;                                                                  \
	} while (0)
	for (;;) {
		NEED(1);
		b = c[n];
		if (b == 0x66)
			op16 = 1;
		else if (b == 0x67)
			a32 = 1;
		else if (b == 0xf2 || b == 0xf3)
			rep = b;
		else if (b == 0x2e || b == 0x36 || b == 0x3e || b == 0x26 || b == 0x64 ||
			 b == 0x65 || b == 0xf0)
			;
		else
			break;
		n++;
	}
	if ((b & 0xf0) == 0x40) {
		rexw = b >> 3 & 1;
		n++;
		NEED(1);
		b = c[n];
	}
	n++;
	if (b == 0x0f) {
		NEED(1);
		b = c[n++];
		map = 1;
		if (b == 0x38) {
			NEED(1);
			b = c[n++];
			map = 2;
		} else if (b == 0x3a) {
			NEED(1);
			b = c[n++];
			map = 3;
		}
	} else if (b == 0xc5) {
		NEED(2);
		map = 1;
		b = c[n + 1];
		n += 2;
		vex = 1;
	} else if (b == 0xc4) {
		NEED(3);
		map = c[n] & 0x1f;
		b = c[n + 2];
		n += 3;
		vex = 1;
		if (map < 1 || map > 3)
			return 0;
	} else if (b == 0x62) {
		NEED(4);
		map = c[n] & 7;
		b = c[n + 3];
		n += 4;
		vex = 1;
		if (map < 1 || map > 6 || map == 4)
			return 0;
		if (map > 3)
			map = 2;
	}
	int z = op16 ? 2 : 4;
	if (map == 0) {
		if (b < 0x40) {
			int k = b & 7;
			if (k < 4)
				modrm = 1;
			else if (k == 4)
				imm = 1;
			else if (k == 5)
				imm = z;
			else
				return 0;
		} else if (b >= 0x50 && b < 0x60)
			;
		else if (b == 0x63)
			modrm = 1;
		else if (b >= 0x60 && b < 0x63)
			return 0;
		else if (b == 0x68)
			imm = z;
		else if (b == 0x69) {
			modrm = 1;
			imm = z;
		} else if (b == 0x6a)
			imm = 1;
		else if (b == 0x6b) {
			modrm = 1;
			imm = 1;
		} else if (b >= 0x6c && b < 0x70)
			;
		else if (b >= 0x70 && b < 0x80) {
			imm = 1;
			o->kind = FT_INSN_BRANCH;
		} else if (b == 0x80 || b == 0x83) {
			modrm = 1;
			imm = 1;
		} else if (b == 0x81) {
			modrm = 1;
			imm = z;
		} else if (b == 0x82)
			return 0;
		else if (b >= 0x84 && b <= 0x8f)
			modrm = 1;
		else if (b >= 0x90 && b < 0x9a) {
			if (b == 0x90 && !rep)
				o->kind = FT_INSN_NOP;
		} else if (b == 0x9a)
			return 0;
		else if (b >= 0x9b && b < 0xa0)
			;
		else if (b >= 0xa0 && b < 0xa4)
			imm = a32 ? 4 : 8;
		else if (b >= 0xa4 && b < 0xa8)
			;
		else if (b == 0xa8)
			imm = 1;
		else if (b == 0xa9)
			imm = z;
		else if (b >= 0xaa && b < 0xb0)
			;
		else if (b >= 0xb0 && b < 0xb8)
			imm = 1;
		else if (b >= 0xb8 && b < 0xc0)
			imm = rexw ? 8 : z;
		else if (b == 0xc0 || b == 0xc1) {
			modrm = 1;
			imm = 1;
		} else if (b == 0xc2 || b == 0xca) {
			imm = 2;
			o->kind = FT_INSN_RET;
		} else if (b == 0xc3 || b == 0xcb)
			o->kind = FT_INSN_RET;
		else if (b == 0xc6) {
			modrm = 1;
			imm = 1;
		} else if (b == 0xc7) {
			modrm = 1;
			imm = z;
		} else if (b == 0xc8)
			imm = 3;
		else if (b == 0xc9 || b == 0xcf)
			;
		else if (b == 0xcc)
			o->kind = FT_INSN_INT3;
		else if (b == 0xcd)
			imm = 1;
		else if (b == 0xce)
			return 0;
		else if (b >= 0xd0 && b < 0xd4)
			modrm = 1;
		else if (b < 0xd7 && b >= 0xd4)
			return 0;
		else if (b == 0xd7)
			;
		else if (b >= 0xd8 && b < 0xe0)
			modrm = 1;
		else if (b >= 0xe0 && b < 0xe4) {
			imm = 1;
			o->kind = FT_INSN_BRANCH;
		} else if (b >= 0xe4 && b < 0xe8)
			imm = 1;
		else if (b == 0xe8) {
			imm = 4;
			o->kind = FT_INSN_CALL;
		} else if (b == 0xe9) {
			imm = 4;
			o->kind = FT_INSN_JMP;
		} else if (b == 0xea)
			return 0;
		else if (b == 0xeb) {
			imm = 1;
			o->kind = FT_INSN_JMP;
		} else if (b >= 0xec && b < 0xf0)
			;
		else if (b == 0xf1)
			;
		else if (b == 0xf4)
			o->kind = FT_INSN_TRAP;
		else if (b == 0xf5)
			;
		else if (b == 0xf6 || b == 0xf7) {
			NEED(1);
			modrm = 1;
			if ((c[n] >> 3 & 7) < 2)
				imm = b == 0xf6 ? 1 : z;
		} else if (b >= 0xf8 && b < 0xfe)
			;
		else if (b == 0xfe)
			modrm = 1;
		else if (b == 0xff) {
			NEED(1);
			modrm = 1;
			int r = c[n] >> 3 & 7;
			if (r == 2 || r == 3)
				o->kind = FT_INSN_CALL_INDIRECT;
			if (r == 4 || r == 5)
				o->kind = FT_INSN_JMP_INDIRECT;
		}
	} else if (map == 1 && !vex) {
		if (b == 0x05)
			o->kind = FT_INSN_SYSCALL;
		else if (b == 0x0b || b == 0xb9 || b == 0xff) {
			o->kind = FT_INSN_TRAP;
			if (b != 0x0b)
				modrm = 1;
		} else if (b == 0x06 || b == 0x07 || b == 0x08 || b == 0x09 || b == 0x34 ||
			   b == 0x35 || b == 0x77 || (b >= 0x30 && b <= 0x33) || b == 0xa0 ||
			   b == 0xa1 || b == 0xa2 || b == 0xa8 || b == 0xa9 || b == 0xaa ||
			   (b >= 0xc8 && b < 0xd0) || b == 0x0e || b == 0x37)
			;
		else if (b >= 0x80 && b < 0x90) {
			imm = 4;
			o->kind = FT_INSN_BRANCH;
		} else {
			modrm = 1;
			if (b == 0x1f)
				o->kind = FT_INSN_NOP;
			if ((b >= 0x70 && b <= 0x73) || b == 0xa4 || b == 0xac || b == 0xba ||
				b == 0xc2 || b == 0xc4 || b == 0xc5 || b == 0xc6 || b == 0x0f)
				imm = 1;
		}
	} else if (map == 1) {
		if (b != 0x77)
			modrm = 1;
		if ((b >= 0x70 && b <= 0x73) || b == 0xc2 || b == 0xc4 || b == 0xc5 || b == 0xc6)
			imm = 1;
	} else if (map == 2)
		modrm = 1;
	else {
		modrm = 1;
		imm = 1;
	}
	if (modrm) {
		NEED(1);
		uint8_t m = c[n++];
		int mod = m >> 6, rm = m & 7;
		if (mod != 3) {
			if (rm == 4) {
				NEED(1);
				uint8_t s = c[n++];
				if (mod == 0 && (s & 7) == 5) {
					NEED(4);
					n += 4;
				}
			} else if (mod == 0 && rm == 5) {
				o->rip_relative = 1;
				NEED(4);
				n += 4;
			}
			if (mod == 1) {
				NEED(1);
				n++;
			}
			if (mod == 2) {
				NEED(4);
				n += 4;
			}
		}
	}
	NEED(imm);
	if (o->kind == FT_INSN_BRANCH || o->kind == FT_INSN_JMP || o->kind == FT_INSN_CALL) {
		int64_t d;
		if (imm == 1)
			d = (int8_t)c[n];
		else {
			int32_t x;
			memcpy(&x, c + n, 4);
			d = x;
		}
		o->target = d + (int64_t)(n + imm);
	}
	n += imm;
	o->length = n;
	return n;
}
