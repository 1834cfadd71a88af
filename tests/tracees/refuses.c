/*
 * Runs a command in which calls of a number with a certain value as an argument fail with ENOSYS:
 * refuses NUMBER ARGUMENT VALUE COMMAND ...
 * args: 39 0 1 true
 * role: named
 */
#define _GNU_SOURCE
#include "must.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define LOAD(at)  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at)
#define IS(value) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1)
#define END(what) BPF_STMT(BPF_RET | BPF_K, what)

int main(int argc, char **argv)
{
	unsigned at = offsetof(struct seccomp_data, args) + 8 * strtoul(argv[2], NULL, 0);
	struct sock_filter filter[] = {
		LOAD(offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, strtoul(argv[1], NULL, 0), 1, 0),
		END(SECCOMP_RET_ALLOW),
		LOAD(at),
		IS(strtoul(argv[3], NULL, 0)),
		END(SECCOMP_RET_ERRNO | ENOSYS),
		END(SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	(void)argc;
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
	execvp(argv[4], argv + 4);
	return 127;
}
