/* For the tracees that make calls for their text alone: whether one succeeds is part of the text. */
#ifndef TELLS_H
#define TELLS_H

#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE  4096
#define NOPE  "/nowhere/at/all"
#define WRONG ((void *)0x1234) /* nothing is mapped there */

/* So many bytes, behind which nothing can be read; they are a copy. */
static inline void *at_the_end(const void *data, size_t size)
{
	char *page =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(page + PAGE, PAGE, PROT_NONE);
	return memcpy(page + PAGE - size, data, size);
}

#endif
