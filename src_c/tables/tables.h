/* Names and signatures of system calls, for every ABI, whatever this machine is. */
#ifndef FT_TABLES_H
#define FT_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include "event.h"

struct ft_syscall {
	const char *name; /* NULL: there is no such call */
	const char *args; /* "type name, type name" */
	uint32_t classes; /* bit i: ft_syscall_classes[i] */
	uint8_t nargs;
	uint8_t path_args; /* bit i: argument i is a path that can be read when the call begins */
	uint16_t paths, capture; /* capture programs: for those alone, and for all: see capture.h */
};

struct ft_syscall_table {
	const struct ft_syscall *calls; /* indexed by number */
	size_t count;
	const uint16_t *by_name; /* numbers in the order of their names */
	size_t names;
};

extern const struct ft_syscall_table ft_syscalls_x86_64, ft_syscalls_i386, ft_syscalls_aarch64,
	ft_syscalls_riscv64;

extern const char *const ft_abi_names[FT_ABI_COUNT];
extern const char *const ft_syscall_classes[]; /* ends with NULL */

/* NULL: unknown ABI. */
const struct ft_syscall_table *ft_syscall_table(unsigned abi);
/* NULL: the table does not know this number. */
const struct ft_syscall *ft_syscall(unsigned abi, uint64_t nr);
/* -1: the table does not know this name. */
int ft_syscall_number(unsigned abi, const char *name);

#endif
