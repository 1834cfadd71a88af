/* Does what its arguments say, one step after the other, and tells what came of each:
 *   kill=NR[,ARG,MASK] errno=NR[,..] trap=NR[,..] trace=NR[,..] where=NR allow=0: installs a filter that does so
 *     to call NR, or to those of it whose argument ARG has a bit of MASK; where: to those from beyond all addresses
 *   sandbox=0: kills for all calls but a few, as that of sshd does; strict=0: strict mode; pad=N: filters from now on begin with N instructions more; tsync=1: and are for all threads
 *   calls=NR: makes it at two places; ignore=0, handle=0: ignores, or handles, SIGSYS; mask=0: sets the signal mask
 *   fork=NR, vfork=NR, thread=NR: has another task call it; exec=NR: and by a new program; become=0: is a new program
 *   for the steps that are left
 * role: named
 * arch: x86_64
 * counted: no (its filter keeps calls from being made)
 */
#define _GNU_SOURCE
#include "expect.h"
#include "filter.h"
#include "raw.h"
#include <linux/audit.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <ucontext.h>

#define X32_BIT 0x40000000

static unsigned int pad, flags;
static int handled;

static void install(const struct sock_filter *code, size_t length)
{
	struct sock_filter all[BPF_MAXINSNS];
	struct sock_fprog prog = { (unsigned short)(pad + length), all };

	for (unsigned int i = 0; i < pad; i++)
		all[i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, i);
	memcpy(all + pad, code, length * sizeof(*code));
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	if (pad || flags)
		must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog));
	else
		must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
}

/* Begins as those of libseccomp and of chromium do. */
static void refuse(unsigned int action, long nr, int arg, unsigned int mask)
{
	const struct sock_filter all[] = {
		LOAD(arch),
		SKIP_UNLESS(AUDIT_ARCH_X86_64, 5),
		LOAD(nr),
		SKIP_IF(BPF_JGE, X32_BIT, 3),
		SKIP_UNLESS(nr, 1),
		RETURN(action),
		RETURN(SECCOMP_RET_ALLOW),
		RETURN(SECCOMP_RET_KILL_PROCESS),
	};
	const struct sock_filter some[] = {
		LOAD(nr),
		SKIP_UNLESS(nr, 3),
		LOAD(args[arg]),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, mask, 0, 1),
		RETURN(action),
		RETURN(SECCOMP_RET_ALLOW),
	};

	if (arg < 0)
		install(all, sizeof(all) / sizeof(all[0]));
	else
		install(some, sizeof(some) / sizeof(some[0]));
}

static void sandbox(void)
{
	static const unsigned int allowed[] = { SYS_read, SYS_write, SYS_close, SYS_brk, SYS_munmap,
		SYS_mremap, SYS_madvise, SYS_rt_sigprocmask, SYS_getuid, SYS_newfstatat, SYS_lseek,
		SYS_exit_group, SYS_ioctl };
	struct sock_filter code[64] = { LOAD(nr) };
	size_t length = 1;

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		code[length++] = (struct sock_filter)SKIP_UNLESS(allowed[i], 1);
		code[length++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	}
	/* Nor is memory made code. */
	code[length++] = (struct sock_filter)SKIP_IF(BPF_JEQ, SYS_mmap, 1);
	code[length++] = (struct sock_filter)SKIP_UNLESS(SYS_mprotect, 3);
	code[length++] = (struct sock_filter)LOAD(args[2]);
	code[length++] = (struct sock_filter)SKIP_IF(BPF_JSET, 4, 1);
	code[length++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	code[length++] = (struct sock_filter)RETURN(SECCOMP_RET_KILL_PROCESS);
	install(code, length);
}

static void refuse_where(long nr)
{
	const struct sock_filter code[] = {
		LOAD(nr),
		SKIP_UNLESS(nr, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			offsetof(struct seccomp_data, instruction_pointer) + 4),
		SKIP_UNLESS(0xffffffff, 1),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		RETURN(SECCOMP_RET_ALLOW),
	};

	install(code, sizeof(code) / sizeof(code[0]));
}

/* With registers as the instruction leaves them. The call is answered. */
static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	expect(sig == SIGSYS && info->si_code == 1 && info->si_errno == 55);
	expect(info->si_arch == AUDIT_ARCH_X86_64 && info->si_syscall == regs[REG_RAX]);
	expect(regs[REG_RIP] == (greg_t)info->si_call_addr);
	expect(regs[REG_RCX] == regs[REG_RIP] && regs[REG_R11] == regs[REG_EFL]);
	regs[REG_RAX] = 4000 + handled++;
}

static void calls(const char *who, long nr)
{
	long got[20];

	for (int i = 0; i < 20; i++)
		got[i] = i % 5 ? raw(nr, -1, -1, -1) : syscall(nr, -1, -1, -1);
	dprintf(1, "%s: %ld", who, got[0] == -1 ? -errno : got[0]);
	for (int i = 1; i < 20; i++)
		if (i % 5 && got[i] != got[i - 1])
			dprintf(1, " %ld", got[i]);
	dprintf(1, "\n");
}

static void *in_thread(void *nr)
{
	calls("thread", *(long *)nr);
	return NULL;
}

static void mask(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	must(sigprocmask(SIG_SETMASK, NULL, &set));
	dprintf(1, "mask %d\n", sigismember(&set, SIGUSR1));
}

static void step(const char *what, long nr, int arg, unsigned int bits, char **left)
{
	struct sigaction sa = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };
	pthread_t thread;
	char text[32];
	pid_t pid;

	if (!strcmp(what, "kill"))
		refuse(SECCOMP_RET_KILL_PROCESS, nr, arg, bits);
	else if (!strcmp(what, "errno"))
		refuse(SECCOMP_RET_ERRNO | EXDEV, nr, arg, bits);
	else if (!strcmp(what, "trap"))
		refuse(SECCOMP_RET_TRAP | 55, nr, arg, bits);
	else if (!strcmp(what, "trace"))
		refuse(SECCOMP_RET_TRACE | 55, nr, arg, bits);
	else if (!strcmp(what, "allow"))
		refuse(SECCOMP_RET_ALLOW, nr, arg, bits);
	else if (!strcmp(what, "sandbox"))
		sandbox();
	else if (!strcmp(what, "where"))
		refuse_where(nr);
	else if (!strcmp(what, "pad"))
		pad = (unsigned int)nr;
	else if (!strcmp(what, "tsync"))
		flags = nr ? SECCOMP_FILTER_FLAG_TSYNC : 0;
	else if (!strcmp(what, "calls"))
		calls("calls", nr);
	else if (!strcmp(what, "handle"))
		must(sigaction(SIGSYS, &sa, NULL));
	else if (!strcmp(what, "ignore"))
		must(signal(SIGSYS, SIG_IGN) == SIG_ERR ? -1 : 0);
	else if (!strcmp(what, "mask"))
		mask();
	else if (!strcmp(what, "fork"))
		dprintf(1, "fork %d\n", in_child(calls("child", nr)));
	else if (!strcmp(what, "thread") && pthread_create(&thread, NULL, in_thread, &nr))
		dprintf(1, "no thread\n");
	else if (!strcmp(what, "thread"))
		must_zero(pthread_join(thread, NULL));
	if (!strcmp(what, "strict")) {
		must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT));
		must(write(1, "strict\n", 7));
		syscall(SYS_exit, 3);
	}
	snprintf(text, sizeof(text), "calls=%ld", nr);
	if (!strcmp(what, "exec"))
		dprintf(1, "exec %d\n",
			in_child(must(execl("/proc/self/exe", "new", text, (char *)NULL))));
	if (!strcmp(what, "vfork")) {
		pid = vfork();
		if (pid == 0) {
			execl("/proc/self/exe", "new", text, (char *)NULL);
			_exit(9);
		}
		dprintf(1, "vfork %d\n", end_of(must(pid)));
	}
	if (!strcmp(what, "become"))
		must(execv("/proc/self/exe", left));
}

int main(int argc, char **argv)
{
	(void)argc;
	for (char **at = argv + 1; *at; at++) {
		char what[16];
		int arg = -1;
		unsigned int bits = 0;
		long nr = 0;

		if (sscanf(*at, "%15[a-z]=%ld,%d,%u", what, &nr, &arg, &bits) < 2)
			return 2;
		dprintf(1, "%s\n", *at);
		step(what, nr, arg, bits, at);
	}
	return 0;
}
