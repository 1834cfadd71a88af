/*
 * insn_sweep FILE: decodes the ranges of FILE that stdin names, a line `offset size` each, and prints
 * of each instruction `offset length kind rip_relative target`; a byte that begins none: length 0.
 */
#include "arch/x86_64/insn.h"

#include "sweep.h"

static void sweep(const uint8_t *file, size_t offset, size_t size)
{
	struct ft_insn insn;

	for (size_t end = offset + size; offset < end; offset += insn.length ? insn.length : 1) {
		ft_insn_decode(file + offset, end - offset, &insn);
		printf("%zu %d %d %d %lld\n", offset, insn.length, insn.kind, insn.rip_relative,
			(long long)insn.target);
	}
}

int main(int argc, char **argv)
{
	return sweep_file(argc, argv, sweep);
}
