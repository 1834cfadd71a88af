/* A thread calls sites of both kinds that are patched while threads run, over and over; another forks children, which
 * call them too, until stdin ends. Says how many children did not end as they should.
 * arch: x86_64
 * role: attach
 * oracle: no (how many children it forks is a matter of time)
 */
#define _GNU_SOURCE
#include "expect.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#define SITES  128
#define STRIDE 32

/* Each site is a function of STRIDE bytes, every other one with nothing but padding to be patched. */
__asm__(".text\n.p2align 5\n"
	"sites: .rept 64\n"
	"mov $39, %eax; syscall; ret; .p2align 5, 0xcc\n"
	"mov $39, %eax; test %edi, %edi; syscall; ret; .p2align 5, 0xcc\n"
	".endr\n");

extern const uint8_t sites[];

static atomic_int end, wrong;

static int run(void)
{
	pid_t pid = getpid();
	int others = 0;

	for (int i = 0; i < SITES; i++) {
		long ret;

		__asm__ volatile("sub $128, %%rsp; call *%[site]; add $128, %%rsp"
			: "=&a"(ret)
			: [site] "r"(sites + i * STRIDE)
			: "rcx", "r11", "memory", "cc");
		others += ret != pid;
	}
	return others;
}

static void *calls(void *arg)
{
	while (!end)
		wrong += run();
	return arg;
}

static void *forks(void *arg)
{
	while (!end)
		wrong += in_child(_exit(run() ? 1 : 42)) != 42;
	return arg;
}

int main(void)
{
	pthread_t t[2];
	char c;

	must_zero(pthread_create(&t[0], NULL, calls, NULL));
	must_zero(pthread_create(&t[1], NULL, forks, NULL));
	puts("ready");
	fflush(stdout);
	while (read(0, &c, 1) == 1)
		;
	end = 1;
	for (int i = 0; i < 2; i++)
		must_zero(pthread_join(t[i], NULL));
	printf("wrong: %d\n", wrong);
	return 0;
}
