/* Installs filters that another thread writes to meanwhile: what is installed may, or may not, kill for munmap. The
 * program does not call that, so nobody dies of it.
 * oracle: no (the threads race)
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "expect.h"
#include "raw.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>

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
	struct sock_fprog prog = { LEN, code };
	pthread_t thread;

	must_zero(pthread_create(&thread, NULL, swap, NULL));
	while (swaps < 1000)
		;
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
	expect(raw(SYS_getuid) == raw(SYS_getuid));
}

int main(void)
{
	static const struct sock_filter end[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_munmap, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
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
