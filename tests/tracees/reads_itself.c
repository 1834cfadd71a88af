/* Looks at itself: its mappings stay as they are while it calls, its text is what is in its file, and what it writes
 * to its memory through /proc and process_vm_writev is there.
 * oracle: no (the tracer may have mappings there, too)
 */
#define _GNU_SOURCE
#include "expect.h"
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

static volatile int word;
static const volatile int constant = 5;

/* Has no call in it. */
static __attribute__((noinline)) int pure(int n)
{
	int sum = 0;

	while (n > 0)
		sum = sum * 31 + n--;
	return sum;
}

static char *read_file(const char *path, size_t *length)
{
	size_t room = 4 << 20;
	char *text = calloc(1, room);
	int fd = must(open(path, O_RDONLY));
	ssize_t n;

	*length = 0;
	while ((n = must(read(fd, text + *length, room - *length - 1))) > 0)
		*length += (size_t)n;
	must(close(fd));
	return text;
}

/* The lines of our file and of libc. */
static int mappings(char *text, char found[64][256])
{
	int n = 0;

	for (char *line = strtok(text, "\n"); line && n < 64; line = strtok(NULL, "\n"))
		if (strstr(line, "/reads_itself") || strstr(line, "/libc"))
			snprintf(found[n++], 256, "%s", line);
	return n;
}

static int base_of(struct dl_phdr_info *info, size_t size, void *base)
{
	(void)size;
	*(unsigned long *)base = info->dlpi_addr;
	return 1;
}

static void calls(void)
{
	for (int i = 0; i < 50; i++)
		expect(getppid() > 0 && access("/does/not/exist", R_OK) == -1 && getuid() + 1);
}

int main(void)
{
	static char before[64][256], after[64][256];
	size_t length, exe_length;
	char *maps = read_file("/proc/self/maps", &length), *exe;
	unsigned long base, at;
	int n = mappings(maps, before), mem = must(open("/proc/self/mem", O_RDWR)), value = 7, seen;

	expect(n >= 4);
	calls();
	maps = read_file("/proc/self/maps", &length);
	expect(mappings(maps, after) == n && !memcmp(before, after, sizeof(before)));

	exe = read_file("/proc/self/exe", &exe_length);
	expect(!memcmp(exe, ELFMAG, SELFMAG));
	dl_iterate_phdr(base_of, &base);
	at = (unsigned long)(void *)pure - base;
	for (ElfW(Phdr) *ph = (void *)(exe + ((ElfW(Ehdr) *)exe)->e_phoff); ph->p_type; ph++)
		if (ph->p_type == PT_LOAD && at >= ph->p_vaddr && at < ph->p_vaddr + ph->p_filesz)
			expect(!memcmp(exe + ph->p_offset + (at - ph->p_vaddr), (void *)pure, 24));
	expect(pure(3) == 3 * 31 * 31 + 2 * 31 + 1);

	for (int i = 0; i < 20; i++) {
		struct iovec from = { &i, sizeof(i) }, to = { (void *)&word, sizeof(word) };

		value = i + 1000;
		expect(pwrite(mem, &value, 4, (off_t)(unsigned long)&word) == 4 && word == value);
		expect(pwrite(mem, &value, 4, (off_t)(unsigned long)&constant) == 4);
		expect(constant == value);
		expect(pread(mem, &seen, 4, (off_t)(unsigned long)&constant) == 4 && seen == value);
		if (process_vm_writev(getpid(), &from, 1, &to, 1, 0) == 4)
			expect(word == i);
	}
	expect(pread(mem, &seen, 4, 4096) == -1);
	calls();
	puts("as it should be");
	return 0;
}
