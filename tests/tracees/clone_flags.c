/* Children by raw clone, fork and vfork, with the flags that share or part with what the parent has.
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "expect.h"
#include "raw.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

static char stack[65536] __attribute__((aligned(64)));
static volatile int shared;
static pid_t tids[2];
static long parent;

/* The child, on a stack of its own or on a copy of ours, calls run and exits with what that returns. */
static __attribute__((noinline)) long raw_clone(long flags, void *on, int (*run)(void))
{
	register pid_t *child_tid __asm__("r10") = &tids[1];
	register void *body __asm__("r12") = run;
	long ret;

	__asm__ volatile("syscall\n test %%rax, %%rax\n jnz 1f\n"
			 "xor %%ebp, %%ebp\n sub $128, %%rsp\n and $-16, %%rsp\n call *%%r12\n"
			 "mov %%eax, %%edi\n mov $60, %%eax\n syscall\n 1:"
		: "=a"(ret)
		: "a"(SYS_clone), "D"(flags), "S"(on), "d"(&tids[0]), "r"(child_tid), "r"(body)
		: "rcx", "r11", "memory");
	return ret;
}

static int calls(void)
{
	pid_t nested;

	for (int i = 0; i < 10; i++)
		if (raw(SYS_getppid) != parent || raw(SYS_nfsservctl) != -ENOSYS ||
			access("/", R_OK))
			return 1;
	nested = fork();
	if (!nested)
		_exit(raw(SYS_getppid) == getppid() ? 7 : 1);
	shared += end_of(nested);
	return 20;
}

static int moves(void)
{
	return chdir("/proc") || dup2(0, 100) != 100 ? 1 : 21;
}

static int first_of_all(void)
{
	return raw(SYS_getpid) == 1 && raw(SYS_getppid) == 0 && in_child(_exit(getpid())) == 2 ? 22
											       : 1;
}

static int makes_sibling(void)
{
	parent = getppid();
	return raw_clone(CLONE_PARENT, NULL, calls) > 0 ? 23 : 1;
}

static int clone_and_wait(long flags, void *on, int (*run)(void))
{
	long pid = raw_clone(flags, on, run);

	expect(pid > 0);
	if (flags & CLONE_PARENT_SETTID)
		expect(tids[0] == pid);
	if (flags & CLONE_VFORK && flags & CLONE_CHILD_CLEARTID)
		expect(tids[1] == 0);
	return end_of((int)pid);
}

int main(void)
{
	void *top = stack + sizeof(stack);
	char path[64] = "";
	long pid;

	parent = getpid();
	printf("fork %d\n", clone_and_wait(SIGCHLD, NULL, calls));
	printf("no signal %d\n", clone_and_wait(0, NULL, calls));
	printf("vfork %d\n", clone_and_wait(CLONE_VM | CLONE_VFORK | SIGCHLD, NULL, calls));
	printf("vfork, own stack %d\n",
		clone_and_wait(CLONE_VM | CLONE_VFORK | SIGCHLD, top, calls));
	printf("vfork, tids %d\n",
		clone_and_wait(CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |
				       CLONE_CHILD_CLEARTID | SIGCHLD,
			top, calls));
	printf("vm %d\n", clone_and_wait(CLONE_VM | SIGCHLD, top, calls));
	printf("vm, sighand %d\n", clone_and_wait(CLONE_VM | CLONE_SIGHAND, top, calls));
	printf("shared %d\n", shared);
	printf("fs, files %d\n", clone_and_wait(CLONE_FS | CLONE_FILES | SIGCHLD, NULL, moves));
	expect(getcwd(path, sizeof(path)) && !strcmp(path, "/proc") && fcntl(100, F_GETFD) == 0);
	expect(in_child({
		expect(clone_and_wait(CLONE_VM | SIGCHLD, top, makes_sibling) == 23);
		expect(end_of(-1) == 20); /* the sibling of that child is a child of ours */
	}) == 0);
	pid = raw_clone(CLONE_NEWUSER | CLONE_NEWPID | SIGCHLD, NULL, first_of_all);
	if (pid > 0)
		expect(end_of((int)pid) == 22);
	else
		expect(pid == -EPERM || pid == -EINVAL || pid == -EUSERS || pid == -ENOSPC);
	pid = raw_clone(CLONE_THREAD, NULL, calls);
	printf("thread without memory %ld\n", pid);
	return 0;
}
