/* Code that a stopped task is made to run: system calls, one after the other. */
#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/run/snippet.h"

#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/*
 * A process that shares the memory and not the descriptors, unknown to us and to the program: its maker sleeps
 * until it lets the memory go (CLONE_VFORK) and waits for it; it blocks the same signals, tells of its end by
 * none, and only a wait4(2) with __WALL or __WCLONE finds it. Not a thread: a group-stop, which its
 * maker could not take part in while it sleeps, would stop it.
 */
#define APART (CLONE_VM | CLONE_VFORK | CLONE_UNTRACED)

static void put(struct ft_snippet *c, const void *bytes, size_t n)
{
	if (c->len + n <= sizeof(c->code))
		memcpy(c->code + c->len, bytes, n);
	c->len += n; /* too much shows when it is run */
}

void ft_snippet_start(
	struct ft_snippet *c, uint64_t address, const char *const strings[], int count)
{
	c->len = 0;
	c->calls = c->done = c->jumps = c->apart_calls = c->wants = 0;
	c->fd = -1;
	c->apart = c->stays = c->is_there = false;
	c->r15 = 0;
	c->address = address;
	for (int i = 0; i < count; i++)
		put(c, strings[i], strlen(strings[i]) + 1);
	c->entry = c->len;
}

uint64_t ft_snippet_string(const struct ft_snippet *c, int i)
{
	size_t at = 0;

	while (i--)
		at += strlen((const char *)c->code + at) + 1;
	return c->address + at;
}

/* A conditional jump (0f xx) whose target is not known yet. */
static void put_jump(struct ft_snippet *c, uint8_t condition)
{
	const uint8_t insn[6] = { 0x0f, condition };

	put(c, insn, sizeof(insn));
	c->jump[c->jumps++] = c->len;
}

/* The jumps from the i-th on lead here. */
static void land(struct ft_snippet *c, int i)
{
	while (c->jumps > i) {
		size_t from = c->jump[--c->jumps];
		uint32_t away = (uint32_t)(c->len - from);

		if (from <= sizeof(c->code))
			memcpy(c->code + from - sizeof(away), &away, sizeof(away));
	}
}

/* What seccomp filters are asked about before it runs. */
static void want(struct ft_snippet *c, uint32_t nr, const uint64_t args[6], unsigned unknown)
{
	struct ft_seccomp_call *call = &c->wanted[c->wants++];

	*call = (struct ft_seccomp_call){ .nr = nr, .unknown = unknown };
	memcpy(call->args, args, sizeof(call->args));
}

void ft_snippet_call(
	struct ft_snippet *c, uint32_t nr, const uint64_t args[6], unsigned fd, bool keep)
{
	/* movabs $value, %reg and mov %r15, %reg for rdi, rsi, rdx, r10, r8, r9 */
	static const uint8_t load[6][2] = { { 0x48, 0xbf }, { 0x48, 0xbe }, { 0x48, 0xba },
		{ 0x49, 0xba }, { 0x49, 0xb8 }, { 0x49, 0xb9 } };
	static const uint8_t copy[6][3] = { { 0x4c, 0x89, 0xff }, { 0x4c, 0x89, 0xfe },
		{ 0x4c, 0x89, 0xfa }, { 0x4d, 0x89, 0xfa }, { 0x4d, 0x89, 0xf8 },
		{ 0x4d, 0x89, 0xf9 } };
	static const uint8_t mov_eax = 0xb8;
	static const uint8_t enter[] = { 0x0f, 0x05, 0x48, 0x85,
		0xc0 }; /* syscall; test %rax, %rax */
	static const uint8_t stop[] = { 0x79, 0x01, 0xcc }; /* jns over; int3; over: */
	static const uint8_t keep_fd[] = { 0x49, 0x89, 0xc7 }; /* mov %rax, %r15 */

	want(c, nr, args, fd);
	for (int i = 0; i < 6; i++) {
		if (fd >> i & 1) {
			put(c, copy[i], 3);
			continue;
		}
		put(c, load[i], 2);
		put(c, &args[i], 8);
	}
	put(c, &mov_eax, 1);
	put(c, &nr, 4);
	put(c, enter, sizeof(enter));
	if (c->apart) {
		put_jump(c, 0x88); /* js */
		c->apart_nr[c->apart_calls++] = nr;
	} else {
		c->call[c->calls].nr = nr;
		c->call[c->calls].args[0] = args[0];
		c->call[c->calls].args[1] = args[1];
		c->call[c->calls++].end = (uint16_t)(c->len - 3);
		put(c, stop, sizeof(stop));
	}
	if (keep)
		put(c, keep_fd, sizeof(keep_fd));
}

void ft_snippet_apart(struct ft_snippet *c)
{
	ft_snippet_call(c, SYS_clone, (uint64_t[6]){ APART }, 0, true);
	put_jump(c, 0x85); /* jnz: its maker, once it has ended */
	c->apart = true;
}

void ft_snippet_together(struct ft_snippet *c)
{
	static const uint8_t leave[] = { 0xb8, SYS_exit, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05 };

	land(c, 1);
	want(c, SYS_exit, (uint64_t[6]){ 0 }, ~FT_SECCOMP_ARG(0));
	put(c, leave, sizeof(leave)); /* mov $SYS_exit, %eax; xor %edi, %edi; syscall */
	land(c, 0);
	c->apart_nr[c->apart_calls++] = SYS_exit;
	c->apart = false;
	ft_snippet_call(c, SYS_wait4, (uint64_t[6]){ 0, 0, __WALL }, 1u << 0, false);
}

void ft_snippet_end(struct ft_snippet *c)
{
	static const uint8_t done[] = { 0x31, 0xc0, 0xcc }; /* xor %eax, %eax; int3 */

	put(c, done, sizeof(done));
}
#endif
