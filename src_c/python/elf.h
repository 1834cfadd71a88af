/* What a process has loaded, and the symbols of that, from its memory alone: no file is opened. */
#ifndef FT_PYTHON_ELF_H
#define FT_PYTHON_ELF_H

#include "python/reads.h"

/* A program or library in memory. */
struct ft_elf {
	uint64_t base; /* what its addresses are relative to */
	uint64_t dynamic; /* address of its dynamic section; and what that says: */
	uint64_t symbols, strings, hash;
	uint64_t
		debug; /* of the program: where the dynamic linker tells of itself; 0: not yet, or never */
	bool needs_python; /* it links to a library libpython* */
};

/* The program, by the auxiliary vector that the kernel has given it (proc(5), /proc/PID/auxv). */
bool ft_elf_program(
	struct ft_python_reads *r, const uint8_t *auxv, size_t size, struct ft_elf *out);
/* The address of a symbol that it exports. */
bool ft_elf_symbol(
	struct ft_python_reads *r, const struct ft_elf *elf, const char *name, uint64_t *out);
/* How far the list of libraries that the dynamic linker keeps was walked; all zeros at first. */
struct ft_elf_list {
	uint64_t last; /* address of the entry */
	uint64_t words[4]; /* of it */
};

/* The next one that is new; false: there is none yet. program: as above. */
bool ft_elf_next(struct ft_python_reads *r, struct ft_elf *program, struct ft_elf_list *list,
	struct ft_elf *out);

#endif
