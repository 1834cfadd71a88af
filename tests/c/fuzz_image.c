/* Stacks as execve(2) leaves them, and as nobody would: nothing else is read, and what is found stands there. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/image.h"

#define PAGE  4096u
#define PAGES 6
#define ARGV  100

static uint8_t *stack_pages(void)
{
	static uint8_t *pages;

	if (!pages) {
		pages = mmap(NULL, (PAGES + 1) * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		REQUIRE(pages != MAP_FAILED && !munmap(pages + PAGES * PAGE, PAGE));
	}
	return pages;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	uint8_t *pages = stack_pages(), *end = pages + PAGES * PAGE;
	uint8_t *stack = end - 8 - 8 * (take(&in, 2) % 2500);
	char comm[FT_COMM_MAX + 1] = "unset", argv[ARGV + 1];
	struct ft_image image;
	size_t max = take(&in, 1) % ARGV;
	uint64_t *word = (uint64_t *)stack;
	ssize_t n;

	memset(pages, 0, PAGES * PAGE);
	while (in.at < in.end && (uint8_t *)(word + 1) <= end)
		switch (take(&in, 1) % 6) {
		case 0:
			*word++ = 0;
			break;
		case 1:
			*word++ = take(&in, 1);
			break;
		case 2:
			*word++ = AT_EXECFN;
			break;
		case 3:
			*word++ = take(&in, 8);
			break;
		case 4:
			memcpy(word++, "/bin/a\0b", 8);
			break;
		default:
			*word++ =
				(uint64_t)(uintptr_t)stack + take(&in, 1) * (1 + take(&in, 1) % 64);
			break;
		}
	argv[max] = 'x';
	n = ft_image_read(getpid(), (uint64_t)(uintptr_t)stack, comm, argv, max, &image);
	REQUIRE(argv[max] == 'x');
	REQUIRE(n <= (ssize_t)max);
	if (n < 0)
		return 0;
	REQUIRE(memchr(comm, 0, sizeof(comm)) && !strchr(comm, '/'));
	REQUIRE(memmem(stack, (size_t)(end - stack), argv, (size_t)n));
	return 0;
}
