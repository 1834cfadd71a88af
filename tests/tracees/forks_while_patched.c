/* A thread keeps coming to syscall instructions that have not run before, behind a mov and before padding; meanwhile
 * its process forks children, and these theirs, which run the same ones. Then processes fork while a thread of theirs
 * handles SIGTRAP from some moment on, for which all that was patched is taken back.
 * arch: x86_64
 * oracle: no (how many children it forks is a matter of time)
 */
#define _GNU_SOURCE
#include "expect.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>

#define BLOCKS 60
#define SITES  24
#define STRIDE 32
#define ROUNDS 25
#define FORKS  6

/* Each site is a function of STRIDE bytes, every other one with nothing but padding to be patched. */
__asm__(".text\n.p2align 5\n"
	"sites: .rept 720\n"
	"mov $39, %eax; syscall; ret; .p2align 5, 0xcc\n"
	"mov $39, %eax; test %edi, %edi; syscall; ret; .p2align 5, 0xcc\n"
	".endr\n");

extern const uint8_t sites[];

static atomic_int now;

static void run(int block)
{
	pid_t pid = getpid();

	for (int i = 0; i < SITES; i++) {
		long ret;

		__asm__ volatile("sub $128, %%rsp; call *%[site]; add $128, %%rsp"
			: "=&a"(ret)
			: [site] "r"(sites + (block * SITES + i) * STRIDE)
			: "rcx", "r11", "memory", "cc");
		expect(ret == pid);
	}
}

static void *walk(void *arg)
{
	for (; now < BLOCKS - 1; now++)
		run(now);
	return arg;
}

static void child(int block, int children)
{
	run(block);
	run(block + 1);
	if (children)
		expect(in_child(child(block, children - 1); _exit(42)) == 42);
}

static void handle(int sig)
{
	(void)sig;
}

/* The handler is never called. */
static void *leave(void *calls)
{
	struct sigaction action = { .sa_handler = handle };

	for (intptr_t i = 0; i < (intptr_t)calls; i++)
		getppid();
	must(sigaction(SIGTRAP, &action, NULL));
	return NULL;
}

static void fork_and_leave(int round)
{
	pthread_t t;

	must_zero(pthread_create(&t, NULL, leave, (void *)(intptr_t)(round * 40)));
	for (int i = 0; i < FORKS; i++)
		expect(in_child(child(i, 0); _exit(42)) == 42);
	must_zero(pthread_join(t, NULL));
}

int main(void)
{
	pthread_t t;

	must_zero(pthread_create(&t, NULL, walk, NULL));
	while (now < BLOCKS - 2) {
		int block = now;

		expect(in_child(child(block, 2); _exit(42)) == 42);
	}
	must_zero(pthread_join(t, NULL));
	for (int round = 0; round < ROUNDS; round++)
		expect(in_child(fork_and_leave(round); _exit(42)) == 42);
	puts("all lived");
	return 0;
}
