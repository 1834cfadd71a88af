/* How long an instruction of 64-bit x86 is, and where control goes from it. */
#ifndef FT_INSN_H
#define FT_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an instruction does to the flow of control. */
enum ft_insn_kind {
	FT_INSN_OTHER,
	FT_INSN_NOP, /* 90 and 0f 1f, with any prefixes but lock; not pause, not endbr64 */
	FT_INSN_INT3,
	FT_INSN_RET, /* near and far */
	FT_INSN_JMP,
	FT_INSN_JMP_INDIRECT, /* near and far */
	FT_INSN_BRANCH, /* jcc, loop, jrcxz, xbegin: to the target, or on */
	FT_INSN_CALL,
	FT_INSN_CALL_INDIRECT, /* near and far */
	FT_INSN_SYSCALL,
	FT_INSN_TRAP, /* hlt, ud0, ud1, ud2: control does not go on */
};

struct ft_insn {
	uint8_t length;	   /* 1..15 */
	uint8_t kind;  /* enum ft_insn_kind */
	bool rip_relative; /* has a memory operand relative to rip (or, with 67, to eip) */
	int64_t target;	   /* JMP, BRANCH, CALL: offset from the start of the instruction */
};

/*
 * Decodes the instruction at code, of which size bytes can be read. Returns its length, or 0: no
 * instruction of 64-bit mode, or it does not fit in size; *out is all 0 then.
 */
int ft_insn_decode(const uint8_t *code, size_t size, struct ft_insn *out);

#endif
