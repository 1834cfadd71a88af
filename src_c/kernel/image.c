#define _GNU_SOURCE
#include "kernel/image.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/uio.h>

#include "kernel/remote.h"

#define PAGE	 4096u
#define PAGES	 4
#define NAME_MAX 4096u

/*
 * argc, the addresses of the arguments, 0, of the environment, 0, pairs up to AT_NULL, and above them the strings that
 * these point to, in the same order (fs/binfmt_elf.c, create_elf_tables()). Somebody may have written there since.
 */
struct stack {
	uint64_t address;
	size_t size; /* that could be read */
	uint64_t words[PAGES * PAGE / sizeof(uint64_t)];
};

static bool get(const struct stack *st, size_t i, uint64_t *out)
{
	if (i >= st->size / sizeof(*out))
		return false;
	*out = st->words[i];
	return true;
}

/* As far as it goes: each page is there or not. */
static bool read_stack(pid_t pid, struct stack *st)
{
	struct iovec local = { st->words, sizeof(st->words) }, remote[PAGES + 1];
	uint64_t at = st->address, end = at + sizeof(st->words);
	unsigned n = 0;
	ssize_t size;

	while (at < end) {
		uint64_t next = (at / PAGE + 1) * PAGE;

		if (next > end)
			next = end;
		remote[n++] = (struct iovec){ (void *)(uintptr_t)at, next - at };
		at = next;
	}
	size = process_vm_readv(pid, &local, 1, remote, n, 0);
	st->size = size > 0 ? (size_t)size : 0;
	return st->size;
}

/* The string at an address, if all of it is there. */
static const char *string_at(const struct stack *st, uint64_t address, size_t *len)
{
	uint64_t at = address - st->address;
	const char *text, *end;

	if (at >= st->size)
		return NULL;
	text = (const char *)st->words + at;
	end = memchr(text, 0, st->size - at);
	if (!end)
		return NULL;
	*len = (size_t)(end - text);
	return text;
}

/* From argv[0] to where the environment begins, or the last argument ends. */
static ssize_t arguments(
	const struct stack *st, uint64_t argc, uint64_t first_env, char *argv, size_t max)
{
	uint64_t first, last, at, size;

	if (!get(st, 1, &first) || !get(st, argc, &last))
		return -EINVAL;
	if (!first_env) {
		size_t len;

		if (!string_at(st, last, &len))
			return -E2BIG;
		first_env = last + len + 1;
	}
	at = first - st->address;
	size = first_env - first;
	if (at >= st->size || first_env <= first)
		return -EINVAL;
	if (size > max)
		size = max;
	if (size > st->size - at)
		return -E2BIG;
	memcpy(argv, (const char *)st->words + at, size);
	return (ssize_t)size;
}

/* The value of a pair from the i-th word on; 0: there is none. */
static uint64_t auxiliary(const struct stack *st, size_t i, uint64_t wanted)
{
	uint64_t key, value;

	for (; get(st, i, &key) && get(st, i + 1, &value) && key != AT_NULL; i += 2)
		if (key == wanted)
			return value;
	return 0;
}

/* The last part of the file's name (fs/exec.c, begin_new_exec()); but of what has none that of what its link leads to. */
static int name(pid_t pid, const struct stack *st, uint64_t address, char comm[FT_COMM_MAX + 1])
{
	static const char unnamed[] = "/dev/fd/";
	char path[NAME_MAX];
	const char *file, *slash;
	size_t len;

	if (!address)
		return -EINVAL;
	file = string_at(st, address, &len);
	if (!file) { /* behind a large environment */
		int truncated;
		ssize_t n = ft_remote_string(pid, address, path, sizeof(path) - 1, &truncated);

		if (n < 0 || truncated)
			return -EINVAL;
		path[n] = 0;
		file = path;
	}
	if (!strncmp(file, unnamed, strlen(unnamed)))
		return -EINVAL;
	slash = strrchr(file, '/');
	file = slash ? slash + 1 : file;
	len = strnlen(file, FT_COMM_MAX);
	memcpy(comm, file, len);
	memset(comm + len, 0, FT_COMM_MAX + 1 - len);
	return 0;
}

ssize_t ft_image_read(pid_t pid, uint64_t stack, char comm[FT_COMM_MAX + 1], char *argv, size_t max,
	struct ft_image *out)
{
	struct stack st = { .address = stack };
	uint64_t argc, zero, word = 0;
	size_t i, env;
	int rc;

	*out = (struct ft_image){ 0 };
	if (!read_stack(pid, &st))
		return -EFAULT;
	if (!get(&st, 0, &argc) || !argc || argc >= st.size / sizeof(word))
		return -EINVAL;
	env = argc + 2;
	if (!get(&st, env - 1, &zero) || zero || !get(&st, env, &word))
		return -EINVAL;
	for (i = env; get(&st, i, &zero) && zero; i++)
		continue;
	out->vdso = auxiliary(&st, i + 1, AT_SYSINFO_EHDR);
	/* How far its first instruction is from its program headers. */
	out->program = auxiliary(&st, i + 1, AT_ENTRY) - auxiliary(&st, i + 1, AT_PHDR);
	rc = name(
		pid, &st, auxiliary(&st, i + 1, AT_EXECFN), comm); /* what was given to execve(2) */
	return rc ? rc : arguments(&st, argc, word, argv, max);
}
