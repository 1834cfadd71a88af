/* Installs the seccomp filters and makes the calls that it is told on stdin, each in a child, and tells how they end.
 * arch: x86_64
 *
 * Without the argument - it does nothing. A line is "filter PATH" (struct sock_filter in a file; before the first one
 * none is installed) or a call: "MODE NR A0 A1 A2 A3 A4 A5" (hex). MODE p is a process, t a second thread of it, i a
 * process that calls by int $0x80. The answers are "ret N", "trap DATA", "killed SIGNAL" (all of the process), "thread"
 * (only the thread), "refused ERRNO" (the filter, by the kernel).
 */
#define _GNU_SOURCE
#include "must.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Shared with the child: after the filter is in, any call may be refused, so it only stores. */
static volatile struct {
	int state; /* 1: before the call, 2: it came back, 3: trapped, 4: no filter */
	long ret;
	int data;
} *result;

static struct sock_filter code[4096];
static struct sock_fprog program = { 0, code };
static unsigned long job[7];
static char mode;

static long raw(void)
{
	register unsigned long r10 asm("r10") = job[4], r8 asm("r8") = job[5],
				   r9 asm("r9") = job[6];
	long ret;

	asm volatile("syscall"
		: "=a"(ret)
		: "a"(job[0]), "D"(job[1]), "S"(job[2]), "d"(job[3]), "r"(r10), "r"(r8), "r"(r9)
		: "rcx", "r11", "memory");
	return ret;
}

static long raw_i386(void)
{
	long ret;

	/* Below the red zone: the compiler does not know that we push. */
	asm volatile("lea -128(%%rsp), %%rsp\n\tpush %%rbp\n\tmov %[a5], %%rbp\n\tint $0x80\n\t"
		     "pop %%rbp\n\tlea 128(%%rsp), %%rsp"
		: "=a"(ret)
		: "a"(job[0]), "b"(job[1]), "c"(job[2]), "d"(job[3]), "S"(job[4]),
		"D"(job[5]), [a5] "r"(job[6])
		: "r8", "r9", "r10", "r11", "memory");
	return ret;
}

static void on_sigsys(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	result->data = info->si_errno;
	result->state = 3;
	syscall(SYS_exit_group, 0);
	__builtin_trap();
}

static void *filtered(void *unused)
{
	if (program.len) {
		must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == -1) {
			result->data = errno;
			result->state = 4;
			_exit(0);
		}
	}
	result->state = 1;
	result->ret = mode == 'i' ? raw_i386() : raw();
	result->state = 2;
	return unused;
}

static void child(void)
{
	struct sigaction action = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };
	pthread_t thread;

	must(sigaction(SIGSYS, &action, NULL));
	if (mode != 't') {
		filtered(NULL);
		syscall(SYS_exit_group, 0);
		__builtin_trap(); /* the filter refuses even this; the parent knows the result */
	}
	must_zero(pthread_create(&thread, NULL, filtered, NULL));
	must_zero(pthread_join(thread, NULL));
	_exit(0);
}

static void judge(void)
{
	int status;
	pid_t pid;

	result->state = 0;
	pid = must(fork());
	if (pid == 0)
		child();
	must(waitpid(pid, &status, 0));
	if (result->state == 2)
		printf("ret %ld\n", result->ret);
	else if (result->state == 3)
		printf("trap %d\n", result->data);
	else if (result->state == 4)
		printf("refused %d\n", result->data);
	else if (result->state == 1 && WIFSIGNALED(status))
		printf("killed %d\n", WTERMSIG(status));
	else if (result->state == 1)
		printf("thread\n");
	else
		printf("failed %#x\n", status);
}

static void load(const char *path)
{
	int fd = must(open(path, O_RDONLY));

	program.len = must(read(fd, code, sizeof(code))) / sizeof(code[0]);
	close(fd);
}

int main(int argc, char **argv)
{
	char line[4200], path[4096];

	if (argc < 2 || strcmp(argv[1], "-"))
		return 0;
	result = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	setvbuf(stdout, NULL, _IONBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "filter %4095s", path) == 1)
			load(path);
		else if (sscanf(line, "%c %lx %lx %lx %lx %lx %lx %lx", &mode, &job[0], &job[1],
				 &job[2], &job[3], &job[4], &job[5], &job[6]) == 8)
			judge();
	}
	return 0;
}
