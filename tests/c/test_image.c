/* A new program's name and arguments, from its stack. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "check.h"
#include "kernel/image.h"

#define STRINGS 64 /* words above which they lie */
#define VDSO	0x7ffd12345000ull
#define SIZE	8192

static uint64_t stack[SIZE / 8];
static char *top;
static char comm[FT_COMM_MAX + 1], argv[64];
static struct ft_image image;

static uint64_t push(const char *text)
{
	uint64_t at = (uint64_t)(uintptr_t)top;

	top = stpcpy(top, text) + 1;
	return at;
}

/* As fs/binfmt_elf.c, create_elf_tables(). */
static void make(const char *const *args, const char *const *env, const char *file)
{
	uint64_t *word = stack;

	memset(stack, 0, sizeof(stack));
	top = (char *)(stack + STRINGS);
	*word++ = 0;
	for (; *args; args++, stack[0]++)
		*word++ = push(*args);
	*word++ = 0;
	while (*env)
		*word++ = push(*env++);
	*word++ = 0;
	*word++ = AT_PAGESZ;
	*word++ = 4096;
	*word++ = AT_PHDR;
	*word++ = 0x400040;
	*word++ = AT_ENTRY;
	*word++ = 0x401000;
	*word++ = AT_SYSINFO_EHDR;
	*word++ = VDSO;
	if (file) {
		*word++ = AT_EXECFN;
		*word++ = push(file);
	}
	*word++ = AT_NULL;
	*word++ = 0;
}

static ssize_t look(size_t max)
{
	return ft_image_read(getpid(), (uint64_t)(uintptr_t)stack, comm, argv, max, &image);
}

static const char *const two[] = { "ls", "-l", NULL }, *const env[] = { "A=b", NULL };
static const char *const none[] = { NULL };

static void test_found(void)
{
	const char *const odd[] = { "", "a b", "", NULL };

	make(two, env, "/usr/bin/ls");
	CHECK_EQ(look(sizeof(argv)), 6);
	CHECK_EQ(image.vdso, VDSO);
	CHECK_EQ(image.program, 0xfc0);
	CHECK(!memcmp(argv, "ls\0-l", 6));
	CHECK(!strcmp(comm, "ls"));
	CHECK_EQ(look(4), 4);
	make(two, none, "a-name-that-is-too-long");
	CHECK_EQ(look(sizeof(argv)), 6);
	CHECK(!strcmp(comm, "a-name-that-is-"));
	make(odd, env, "./x");
	CHECK_EQ(look(sizeof(argv)), 6);
	CHECK(!memcmp(argv, "\0a b\0", 6));
	check_group("name and arguments are as /proc has them");
}

static void test_not_found(void)
{
	make(two, env, "/dev/fd/3");
	CHECK(look(sizeof(argv)) < 0);
	make(two, env, NULL);
	CHECK(look(sizeof(argv)) < 0);
	make(none, env, "/bin/ls");
	CHECK(look(sizeof(argv)) < 0);
	make(two, env, "/bin/ls");
	stack[0] = 1000000;
	CHECK(look(sizeof(argv)) < 0);
	make(two, env, "/bin/ls");
	stack[0] = 1;
	CHECK(look(sizeof(argv)) < 0);
	make(two, env, "/bin/ls");
	stack[1] = 1; /* argv[0] leads below the stack */
	CHECK(look(sizeof(argv)) < 0);
	CHECK_EQ(image.vdso, VDSO);
	CHECK(ft_image_read(getpid(), 8, comm, argv, sizeof(argv), &image) < 0);
	CHECK_EQ(image.vdso, 0);
	CHECK_EQ(image.program, 0);
	check_group("where the stack does not tell, or lies, /proc is asked");
}

int main(void)
{
	test_found();
	test_not_found();
	return check_result();
}
