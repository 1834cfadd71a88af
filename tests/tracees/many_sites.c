/* Threads that make calls from sites at every offset modulo 64, behind a mov and before padding, and some that are
 * blocked in such a site, until stdin ends; each call's result and the registers that it must leave are looked at.
 * args: 4
 * arch: x86_64
 * role: attach
 * oracle: no (how far its threads come is a matter of time)
 */
#define _GNU_SOURCE
#include "must.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define SITES	64
#define BLOCKED 4
#define THREADS 16

#define STRIDE 256

/* Each function takes rdi, rsi, rdx as the call does; the i-th stands at offset i of a place of STRIDE bytes. */
__asm__(".macro sites name, nr, between:vararg\n"
	".balign 256, 0xcc\n"
	"\\name:\n"
	".set offset, 0\n"
	".rept 64\n"
	".balign 256, 0xcc\n"
	".fill offset, 1, 0xcc\n"
	"mov $\\nr, %eax\n"
	"\\between\n"
	"syscall\n"
	"ret\n"
	".set offset, offset + 1\n"
	".endr\n"
	".balign 256, 0xcc\n"
	".endm\n"
	".text\n"
	"sites behind_mov, 39\n" /* getpid */
	"sites before_padding, 39, test %rdi, %rdi\n"
	"sites reads_behind_mov, 0\n"
	"sites reads_before_padding, 0, test %rdi, %rdi\n");

extern const uint8_t behind_mov[], before_padding[], reads_behind_mov[], reads_before_padding[];

static atomic_int end, wrong;
static int pipes[2];

static const uint8_t *function(const uint8_t *first, int offset)
{
	return first + (STRIDE + 1) * offset;
}

static long call(const uint8_t *site, long a, long b, long c)
{
	register long r8 __asm__("r8") = a + 1, r9 __asm__("r9") = b + 2,
			 r10 __asm__("r10") = c + 3;
	long ret, rdi = a, rsi = b, rdx = c;

	__asm__ volatile("sub $128, %%rsp\n" /* the red zone */
			 "call *%[site]\n"
			 "add $128, %%rsp"
		: "=&a"(ret), "+D"(rdi), "+S"(rsi), "+d"(rdx), "+r"(r8), "+r"(r9), "+r"(r10)
		: [site] "r"(site)
		: "rcx", "r11", "memory", "cc");
	wrong += rdi != a || rsi != b || rdx != c || r8 != a + 1 || r9 != b + 2 || r10 != c + 3;
	return ret;
}

static void *calls(void *seed)
{
	uint64_t random = (uintptr_t)seed * 0x9e3779b97f4a7c15 | 1;

	while (!end) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		wrong += call(function(random >> 32 & 1 ? behind_mov : before_padding,
				      random % SITES),
				 (long)random, 5, 6) != getpid();
	}
	return NULL;
}

static void *blocks(void *number)
{
	char c = 0;
	const uint8_t *first = (uintptr_t)number & 1 ? reads_behind_mov : reads_before_padding;

	while (!end)
		wrong += call(function(first, (int)(uintptr_t)number * 13 % SITES), pipes[0],
				 (long)&c, 1) != 1 ||
			 c != 'x';
	return NULL;
}

int main(int argc, char *argv[])
{
	int threads = argc > 1 ? atoi(argv[1]) : 2;
	pthread_t t[THREADS + BLOCKED];
	char c;

	must(pipe(pipes));
	threads = threads < THREADS ? threads : THREADS;
	for (uintptr_t i = 0; i < BLOCKED; i++)
		must_zero(pthread_create(&t[threads + (int)i], NULL, blocks, (void *)i));
	for (uintptr_t i = 0; i < (uintptr_t)threads; i++)
		must_zero(pthread_create(&t[i], NULL, calls, (void *)(i + 1)));
	puts("ready");
	fflush(stdout);
	while (read(0, &c, 1) == 1) /* a byte: the blocked ones go round */
		must(write(pipes[1], "xxxx", 4));
	end = 1;
	must(write(pipes[1], "xxxx", 4));
	for (int i = 0; i < threads + BLOCKED; i++)
		must_zero(pthread_join(t[i], NULL));
	printf("wrong: %d\n", wrong);
	return 0;
}
