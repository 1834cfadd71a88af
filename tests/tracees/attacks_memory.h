/* For attacks.c: on the memory that a tracer has placed in the program, and on what it reads of the program's own. */
#ifndef ATTACKS_MEMORY_H
#define ATTACKS_MEMORY_H

#include <linux/userfaultfd.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "attack.h"

static void unmap(void)
{
	struct region r;

	if (foreign_region(&r))
		munmap((void *)r.start, below(2) ? r.end - r.start : 4096);
}

static void protect(void)
{
	struct region r;

	if (foreign_region(&r))
		mprotect((void *)r.start, below(2) ? r.end - r.start : 4096, (int)below(8));
}

static void advise(void)
{
	struct region r;

	if (foreign_region(&r))
		madvise((void *)r.start, r.end - r.start,
			(int)one_of(MADV_DONTNEED, MADV_REMOVE, MADV_FREE, MADV_DONTFORK,
				MADV_DOFORK, MADV_DODUMP, MADV_WIPEONFORK, MADV_KEEPONFORK,
				MADV_HUGEPAGE, MADV_COLD, MADV_PAGEOUT, MADV_MERGEABLE));
}

static void move(void)
{
	struct region r;
	void *to;

	if (!foreign_region(&r))
		return;
	to = mremap((void *)r.start, r.end - r.start, r.end - r.start,
		MREMAP_MAYMOVE | MREMAP_FIXED, (void *)0x7d0000000000);
	if (to != MAP_FAILED && below(2))
		mremap(to, r.end - r.start, r.end - r.start, MREMAP_MAYMOVE | MREMAP_FIXED,
			(void *)r.start);
}

static void scribble(void)
{
	struct region r;

	if (!foreign_region(&r) ||
		(r.rights[1] != 'w' && mprotect((void *)r.start, r.end - r.start,
					       PROT_READ | PROT_WRITE | PROT_EXEC)))
		return;
	for (int i = 0; i < 64; i++)
		*(uint64_t *)(place_in(&r) & ~7ul) = (uint64_t)one_of(0, any(), -1, place_in(&r));
}

/* As a debugger would, also where it may only read. */
static void poke(void)
{
	int fd = open("/proc/self/mem", O_RDWR);
	struct region r;

	if (foreign_region(&r))
		for (int i = 0; i < 16; i++) {
			uint64_t word = (uint64_t)one_of(0, any(), 0xcccccccccccccccc, 0xfeeb);

			pwrite(fd, &word, 1 + below(8), (off_t)place_in(&r));
		}
	close(fd);
}

/* Whoever takes the memory away waits until somebody has read of it, which nobody does. */
static void watch(void)
{
	struct uffdio_api api = { .api = UFFD_API,
		.features = UFFD_FEATURE_EVENT_UNMAP | UFFD_FEATURE_EVENT_REMOVE |
			    UFFD_FEATURE_EVENT_REMAP };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | 1 /* UFFD_USER_MODE_ONLY */);
	struct region r;

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) < 0 || !foreign_region(&r))
		return;
	range.range.start = r.start;
	range.range.len = r.end - r.start;
	ioctl(fd, UFFDIO_REGISTER, &range);
}

static void take_vdso(void)
{
	unsigned long at = getauxval(AT_SYSINFO_EHDR);

	if (below(2))
		munmap((void *)at, 4096);
	else
		mremap((void *)at, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, page(PROT_READ));
}

/* No room is left near the text. */
static void crowd(void)
{
	unsigned long near = (unsigned long)crowd & ~0xffful;

	for (unsigned long away = 1ul << 16; away < 1ul << 32; away <<= 1)
		for (int sign = -1; sign < 2; sign += 2)
			mmap((void *)(near + (unsigned long)sign * away), away, PROT_NONE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
				-1, 0);
}

/* Paths where they cannot be read, or not to their end. */
static void odd_paths(void)
{
	char *edge = page(PROT_READ | PROT_WRITE), name[] = "/tmp/attack-XXXXXX", *cut;
	int fd = mkstemp(name);
	struct stat st;

	unlink(name);
	mprotect(edge, 4096, PROT_READ | PROT_WRITE);
	memset(edge, '/', 4096);
	munmap(edge + 4096, 4096);
	ftruncate(fd, 8192);
	cut = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ftruncate(fd, 1);
	for (int i = 0; i < 8; i++) {
		const char *path = (const char *)one_of(0, 1, -1, -4096, 0x800000000000,
			0x8000000000000000, (long)edge, (long)edge + 4095, (long)cut,
			(long)cut + 4090, (long)cut + 4096, (long)page(PROT_NONE), 0x7e9000000000,
			0x7e9010000000);

		open(path, O_RDONLY);
		stat(path, &st);
		rename(path, path);
		syscall(SYS_execve, path, path, path);
	}
	close(fd);
}

/* The text that runs is cut off its file, or written to. */
static void own_text(void)
{
	static const unsigned char code[] = { 0xb8, SYS_getppid, 0, 0, 0, 0x0f, 0x05, 0x90, 0x90,
		0xc3 };
	char name[] = "/tmp/attack-XXXXXX";
	int fd = mkstemp(name);
	unsigned char *text;

	unlink(name);
	for (int i = 0; i < 512; i++)
		pwrite(fd, code, sizeof(code), i * 16);
	text = mmap(NULL, 8192, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	for (int i = 0; i < 300 && text != MAP_FAILED; i++) {
		((long (*)(void))(text + i * 16))();
		if (i == 100 && below(2))
			pwrite(fd, "\xc3", 1, 16 * 200);
		if (i == 150 && below(4) == 0)
			mprotect(text, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
		if (i == 200 && below(2))
			ftruncate(fd, 4096); /* the rest is a SIGBUS */
	}
	close(fd);
}

#endif
