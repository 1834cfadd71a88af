/* For attacks.c: descriptors, limits, rights and what else a process may change of itself. */
#ifndef ATTACKS_SETTINGS_H
#define ATTACKS_SETTINGS_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>

#include "attack.h"

/* Those of the tracer's are here for moments. 0 to 2 are spared. */
static void grab(void)
{
	for (int round = 0; round < 20; round++)
		for (int fd = 3; fd < 12; fd++)
			switch (below(8)) {
			case 0:
				ftruncate(fd, (off_t)one_of(0, 1, 4096));
				break;
			case 1:
				fallocate(
					fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1 << 20);
				break;
			case 2:
				fcntl(fd, F_ADD_SEALS, (int)below(64));
				break;
			case 3:
				fcntl(fd, F_DUPFD, 20);
				break;
			case 4:
				pwrite(fd, "attack", 6, (off_t)(any() % (20 << 20)));
				break;
			case 5:
				close(fd);
				break;
			case 6:
				dup2(1, fd);
				break;
			default:
				fcntl(fd, F_SETFL, O_NONBLOCK);
			}
}

static void close_all(void)
{
	syscall(SYS_close_range, 3, ~0u, (unsigned)one_of(0, 2, 4));
}

static void limit(void)
{
	int what = (int)one_of(RLIMIT_NOFILE, RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_FSIZE,
		RLIMIT_MEMLOCK, RLIMIT_SIGPENDING);
	const struct rlimit r = { (rlim_t)one_of(0, 3, 16384, 1 << 24), RLIM_INFINITY };
	struct rlimit was;

	getrlimit(what, &was);
	setrlimit(what, &(struct rlimit){ r.rlim_cur, was.rlim_max });
}

static void dumpable(void)
{
	prctl(PR_SET_DUMPABLE, (int)below(2));
}

static void name(void)
{
	static const char *const names[] = { "\033[2J", "a\nb", "fasttrace-bell", ") R 1 (", "",
		"\xff\xfe" };

	prctl(PR_SET_NAME, names[below(6)]);
	if (below(4) == 0)
		memset(own_argv[0], '\033', strlen(own_argv[0]));
}

/* A wall of its own, which one of the calls that prepare a process does not pass. */
static void wall(void)
{
	const unsigned nr = (unsigned)one_of(SYS_mmap, SYS_open, SYS_madvise, SYS_mprotect,
		SYS_munmap, SYS_close, SYS_rt_sigprocmask, SYS_gettid);
	const unsigned answer = (unsigned)one_of(SECCOMP_RET_ERRNO | 1, SECCOMP_RET_TRAP,
		SECCOMP_RET_TRACE, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, answer),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = 4, .filter = code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		(unsigned)one_of(0, SECCOMP_FILTER_FLAG_TSYNC), &program);
	if (below(2))
		execl("/bin/true", "true", NULL);
}

/* Several, of any instructions, long ones, and while they are written. */
static void walls(void)
{
	static struct sock_filter code[BPF_MAXINSNS];

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	for (int round = 0; round < 6; round++) {
		const unsigned length = (unsigned)one_of(1, 3, 9, 60, 200, BPF_MAXINSNS);
		struct sock_fprog program = { .len = (unsigned short)length, .filter = code };
		const unsigned nr = (unsigned)below(335);

		for (unsigned i = 0; i < length; i++) {
			code[i].code = (unsigned short)one_of(BPF_LD | BPF_W | BPF_ABS,
				BPF_LD | BPF_IMM, BPF_JMP | BPF_JEQ | BPF_K,
				BPF_JMP | BPF_JSET | BPF_K, BPF_ALU | BPF_AND | BPF_K,
				BPF_ALU | BPF_DIV | BPF_X, BPF_MISC | BPF_TAX, BPF_ST);
			code[i].k = (unsigned)one_of(0, 4, 12, 8, 15, 16, 24, 32, nr);
			code[i].jt = (unsigned char)below(3);
			code[i].jf = (unsigned char)below(3);
		}
		if (length > 3)
			code[length - 3] =
				(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1);
		if (length > 2)
			code[length - 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
				(unsigned)one_of(SECCOMP_RET_ERRNO | 1, SECCOMP_RET_TRAP,
					SECCOMP_RET_TRACE, SECCOMP_RET_USER_NOTIF));
		code[length - 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER | (long)(any() << 32),
			(unsigned)one_of(0, SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_LOG,
				SECCOMP_FILTER_FLAG_NEW_LISTENER, 1u << 9),
			below(8) ? (void *)&program : (void *)any());
		if (below(4) == 0)
			thread();
	}
	if (below(2))
		execl("/bin/true", "true", NULL);
}

static void namespaces(void)
{
	unshare((int)one_of(CLONE_NEWUSER, CLONE_NEWUSER | CLONE_NEWPID,
		CLONE_NEWUSER | CLONE_NEWNS, CLONE_FILES, CLONE_FS, CLONE_NEWNS));
	if (below(2))
		chroot(below(2) ? "/" : "/proc");
}

static void rights(void)
{
	if (below(2))
		syscall(SYS_setresgid, 65534, 65534, 65534);
	syscall(SYS_setresuid, -1, 65534, below(2) ? 65534 : -1);
	raw(SYS_getuid);
}

static char allowed;

static void processor(void)
{
	const struct sched_param none = { 0 };
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((int)below(2), &one);
	switch (below(6)) {
	case 0:
		sched_setscheduler(0, SCHED_IDLE, &none);
		break;
	case 1:
		sched_setaffinity(0, sizeof(one), &one);
		break;
	case 2:
		prctl(PR_SET_TSC, PR_TSC_SIGSEGV);
		break;
	case 3:
		prctl(PR_SET_SYSCALL_USER_DISPATCH, (int)below(2), 0, below(2) ? ~0ul : 0,
			&allowed);
		break;
	case 4:
		mlockall(MCL_FUTURE);
		break;
	default:
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	}
}

/* Tracing by others than the tracer: of its own children, and of itself. */
static void traces(void)
{
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME);
		raise(SIGUSR2);
		_exit(0);
	}
	if (pid < 0)
		return;
	ptrace(below(2) ? PTRACE_ATTACH : PTRACE_SEIZE, pid, 0, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
}

#endif
