/* For attacks.c: what all attacks need. An attack is a step of a few calls; the same seed makes the same steps. */
#ifndef ATTACK_H
#define ATTACK_H

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "raw.h"

#define LIMIT_S 3 /* of a child */

static uint64_t seed;
static char **own_argv;

/* Each thread goes on from its own. */
static __thread uint64_t state;

static uint64_t any(void)
{
	state = state ? state : seed | 1;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static unsigned below(unsigned n)
{
	return (unsigned)(any() >> 20) % n;
}

#define one_of(...)                                                                                \
	({                                                                                         \
		const long one_of_them[] = { __VA_ARGS__ };                                        \
		one_of_them[below(sizeof(one_of_them) / sizeof(one_of_them[0]))];                  \
	})

struct region {
	unsigned long start, end;
	char rights[8];
};

/* A mapping that is not the program's: the tracer's, by docs/inline.md at 0x7e9000000000 and near text. */
static int foreign_region(struct region *out)
{
	char text[16384], *line = text;
	int fd = open("/proc/self/maps", O_RDONLY), found = 0;
	size_t n = 0;
	ssize_t got;

	while (fd >= 0 && n < sizeof(text) - 1 &&
		(got = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	close(fd);
	text[n] = 0;
	for (char *end; (end = strchr(line, '\n')); line = end + 1) {
		struct region r;
		unsigned long inode = 1;

		*end = 0;
		if (sscanf(line, "%lx-%lx %7s %*s %*s %lu", &r.start, &r.end, r.rights, &inode) !=
			4)
			continue;
		if (r.start >> 36 != 0x7e9 && (inode || r.rights[2] != 'x' || strchr(line, '[')))
			continue;
		if (!below((unsigned)++found))
			*out = r;
	}
	return found;
}

/* An address in it. */
static unsigned long place_in(const struct region *r)
{
	unsigned long size = r->end - r->start;

	/* Most is at the start of a page, an area, or of all. */
	return r->start + one_of(0, any() % size, (any() % size) & ~0xffful, any() % 4096);
}

static char *page(int rights)
{
	return mmap(NULL, 4096, rights, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

#endif
