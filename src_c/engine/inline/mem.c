#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/mem.h"
#include "engine/inline/inline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

int ft_mem_open(pid_t pid)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int ft_mem_of(const struct ft_space *sp)
{
	if (sp->memory == FT_MEM_LATER)
		((struct ft_space *)sp)->memory = ft_mem_open(sp->pid);
	return sp->memory;
}

bool ft_mem_is_closed(const struct ft_space *sp)
{
	return sp->memory < 0 && sp->memory != FT_MEM_LATER;
}
#endif
