#ifndef FT_INSN_H
#define FT_INSN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
enum ft_insn_kind {
	FT_INSN_OTHER,
	FT_INSN_NOP,
	FT_INSN_INT3,
	FT_INSN_RET,
	FT_INSN_JMP,
	FT_INSN_JMP_INDIRECT,
	FT_INSN_BRANCH,
	FT_INSN_CALL,
	FT_INSN_CALL_INDIRECT,
	FT_INSN_SYSCALL,
	FT_INSN_TRAP
};
struct ft_insn {
	uint8_t length, kind;
	bool rip_relative;
	int64_t target;
};
int ft_insn_decode(const uint8_t *code, size_t size, struct ft_insn *out);
#endif
