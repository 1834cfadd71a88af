/* Installs a seccomp filter of its own: getppid fails with EXDEV, getpgrp kills, the rest works; by prctl.
 * arch: x86_64
 * counted: no (its filter keeps calls from being made)
 */
#define _GNU_SOURCE
#include "must.h"
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sock_filter code[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EXDEV),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgrp, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

int main(void)
{
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };
	int failed = 0, status;
	pid_t pid;

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
	for (int i = 0; i < 10; i++) {
		failed += syscall(SYS_getppid) == -1 && errno == EXDEV;
		failed += syscall(SYS_getuid) == (long)-1;
	}
	pid = must(fork());
	if (pid == 0) {
		syscall(SYS_getppid);
		syscall(SYS_getpgrp);
	}
	must(waitpid(pid, &status, 0));
	printf("failed %d, killed by %d\n", failed, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	return 0;
}
