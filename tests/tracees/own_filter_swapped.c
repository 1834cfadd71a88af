/* Installs filters that another thread writes to meanwhile: what is installed may, or may not, kill for munmap. The
 * program does not call that, so nobody dies of it.
 * oracle: no (the threads race)
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "expect.h"
#include "filter.h"
#include "raw.h"
#include <pthread.h>
#include <string.h>

#define LEN 300

static struct sock_filter code[LEN];
static volatile unsigned int swaps;

static void *swap(void *unused)
{
	volatile unsigned int *action = &code[LEN - 2].k;

	for (;;) {
		*action = SECCOMP_RET_ALLOW;
		swaps++;
		*action = SECCOMP_RET_KILL_PROCESS;
		swaps++;
	}
	return unused;
}

static void install(void)
{
	pthread_t thread;

	must_zero(pthread_create(&thread, NULL, swap, NULL));
	while (swaps < 1000)
		;
	set_filter(0, code, LEN);
	expect(raw(SYS_getuid) == raw(SYS_getuid));
}

int main(void)
{
	static const struct sock_filter end[] = {
		ONLY(SYS_munmap, SECCOMP_RET_ALLOW),
	};
	int well = 0;

	for (int i = 0; i < LEN - 4; i++)
		code[i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, 0);
	memcpy(&code[LEN - 4], end, sizeof(end));
	for (int i = 0; i < 60; i++)
		well += in_child(install()) == 0;
	printf("%d\n", well);
	return 0;
}
