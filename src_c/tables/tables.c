#include "tables/tables.h"

#include <string.h>

#include "tables/classes.h"

static const struct ft_syscall_table *const tables[FT_ABI_COUNT] = {
	[FT_ABI_X86_64] = &ft_syscalls_x86_64,
	[FT_ABI_I386] = &ft_syscalls_i386,
	[FT_ABI_AARCH64] = &ft_syscalls_aarch64,
	[FT_ABI_RISCV64] = &ft_syscalls_riscv64,
};

const char *const ft_abi_names[FT_ABI_COUNT] = {
	[FT_ABI_X86_64] = "x86_64",
	[FT_ABI_I386] = "i386",
	[FT_ABI_AARCH64] = "aarch64",
	[FT_ABI_RISCV64] = "riscv64",
};

const char *const ft_syscall_classes[] = {FT_SYSCALL_CLASSES, NULL};

const struct ft_syscall_table *ft_syscall_table(unsigned abi)
{
	return abi < FT_ABI_COUNT ? tables[abi] : NULL;
}

const struct ft_syscall *ft_syscall(unsigned abi, uint64_t nr)
{
	const struct ft_syscall_table *t = ft_syscall_table(abi);

	return t && nr < t->count && t->calls[nr].name ? &t->calls[nr] : NULL;
}

int ft_syscall_number(unsigned abi, const char *name)
{
	const struct ft_syscall_table *t = ft_syscall_table(abi);
	size_t low = 0, high = t ? t->names : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, t->calls[t->by_name[middle]].name);

		if (!order)
			return t->by_name[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -1;
}
