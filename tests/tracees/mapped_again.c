/* Calls through copies of libc's text that it maps elsewhere, other files' text mapped over those, and libc loaded
 * again and again in namespaces of its own.
 * build: -ldl
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "expect.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define TEXT_SIZE 0x10000

static const char getuid_code[] = { '\xb8', SYS_getuid, 0, 0, 0, '\x0f', '\x05', '\xc3' };
static const char bare_code[] = { '\x31', '\xc0', '\xb0', SYS_gettid, '\x0f', '\x05', '\xc3' };

struct place {
	unsigned long address, offset;
	int fd;
};

/* The file that address is mapped from, and where in it that is. */
static int find(struct dl_phdr_info *info, size_t size, void *place)
{
	struct place *p = place;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		unsigned long at = p->address - info->dlpi_addr - ph->p_vaddr;

		if (ph->p_type == PT_LOAD && at < ph->p_filesz) {
			p->offset = ph->p_offset + at;
			p->fd = must(open(info->dlpi_name, O_RDONLY));
			return 1;
		}
	}
	return 0;
}

static struct place place_of(const char *function)
{
	struct place place = { .address = (unsigned long)dlsym(RTLD_DEFAULT, function) };

	expect(dl_iterate_phdr(find, &place) == 1);
	return place;
}

static void *map(void *at, int fd, unsigned long offset)
{
	int fixed = at ? MAP_FIXED : 0;
	char *text = must(mmap(at, TEXT_SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE | fixed, fd,
		(off_t)(offset & ~4095UL)));

	return text + (offset & 4095);
}

static void calls(void *function, long expected)
{
	for (int i = 0; i < 20; i++)
		expect(((long (*)(void))function)() == expected);
}

static int file_with(const char *code, size_t length, unsigned long at)
{
	int fd = must(memfd_create("code", 0));

	must(ftruncate(fd, TEXT_SIZE));
	expect(pwrite(fd, code, length, (off_t)at) == (ssize_t)length);
	return fd;
}

int main(void)
{
	long pid = getpid(), ppid = getppid(), uid = getuid();
	struct place in_libc = place_of("getpid"), next_in_libc = place_of("getppid");
	unsigned long in_page = in_libc.offset & 4095;
	int other = file_with(getuid_code, sizeof(getuid_code), in_page);
	int third = file_with(bare_code, sizeof(bare_code), in_page);

	for (int round = 0; round < 5; round++) {
		char *getpid_copy = map(NULL, in_libc.fd, in_libc.offset),
		     *base = getpid_copy - in_page;

		calls(getpid_copy, pid);
		must(munmap(base, TEXT_SIZE));
		calls(map(base, next_in_libc.fd, next_in_libc.offset), ppid);
		/* Where getpid was, with nothing unmapped. */
		calls(map(base, other, in_page), uid);
		calls(map(base, third, in_page), pid);
		calls(map(base, in_libc.fd, in_libc.offset), pid);
		/* Moved; its place taken. */
		expect(mremap(base, TEXT_SIZE, TEXT_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
			       base - 0x100000) == base - 0x100000);
		calls(getpid_copy - 0x100000, pid);
		calls(map(base, other, in_page), uid);
		must(munmap(base, TEXT_SIZE));
		must(munmap(base - 0x100000, TEXT_SIZE));
	}
	for (int round = 0; round < 5; round++) {
		void *again = dlmopen(LM_ID_NEWLM, "libc.so.6", RTLD_NOW);

		expect(again != NULL && dlsym(again, "getpid") != dlsym(RTLD_DEFAULT, "getpid"));
		calls(dlsym(again, "getpid"), pid);
		calls(dlsym(again, "getppid"), ppid);
		must_zero(dlclose(again));
	}
	puts("mapped again");
	return 0;
}
