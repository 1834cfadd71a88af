/* A seccomp filter put upon all threads (TSYNC) while one is blocked; each then calls what the filter denies.
 * oracle: no (waits for its thread by polling)
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "asleep.h"
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static struct sock_filter code[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EXDEV),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};
static int go[2];
static volatile pid_t tid;

static void *body(void *arg)
{
	char c;
	long failed = 0;

	(void)arg;
	tid = gettid();
	if (read(go[0], &c, 1) != 1)
		return (void *)-1;
	for (int i = 0; i < 10; i++)
		failed += syscall(SYS_getppid) == -1 && errno == EXDEV;
	return (void *)failed;
}

int main(void)
{
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };
	pthread_t t;
	void *failed;

	must(pipe(go));
	must_zero(pthread_create(&t, NULL, body, NULL));
	until_asleep(&tid);
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &prog));
	must(write(go[1], "x", 1));
	must_zero(pthread_join(t, &failed));
	printf("failed %ld\n", (long)failed);
	return 0;
}
