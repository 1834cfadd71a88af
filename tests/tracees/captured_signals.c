/* Calls whose arguments are captured where that is not simple: interrupted ones, in handlers, where a fault
 * would hurt, in threads and vfork children.
 * arch: x86_64
 * oracle: no (how often a child looks whether its parent sleeps is a matter of time)
 */
#define _GNU_SOURCE
#include "asleep.h"
#include "must.h"
#include "raw.h"
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BAD ((char *)8)

static int zero, ends[2], asks[2];
static volatile sig_atomic_t caught;
static sigjmp_buf back;

/* What the program does again and again, at one place. */
static void some_calls(void)
{
	static __thread char buf[40];
	static __thread struct stat st;

	memset(buf, 'x', sizeof(buf));
	raw(SYS_read, zero, buf, 10);
	raw(SYS_read, zero, BAD, 10);
	raw(SYS_write, -1, BAD, 10);
	raw(SYS_newfstatat, AT_FDCWD, "/usr", &st, 0);
	raw(SYS_newfstatat, AT_FDCWD, BAD, &st, 0);
	raw(SYS_getcwd, buf, 3);
}

static void handler(int sig)
{
	caught = sig;
	some_calls();
	if (sig == SIGUSR2)
		siglongjmp(back, 1);
}

static void handle(int sig, int blocked, int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	if (blocked)
		sigaddset(&action.sa_mask, blocked);
	must(sigaction(sig, &action, NULL));
}

/* For each byte it sends its parent, once that sleeps, a signal; its own end is told by none. */
static pid_t start_waker(void)
{
	pid_t parent = getpid(), pid = raw(SYS_clone, 0, 0, 0, 0, 0);
	char byte;

	if (pid)
		return pid;
	close(asks[1]);
	while (read(asks[0], &byte, 1) == 1) {
		until_asleep(&parent);
		kill(parent, SIGUSR1);
	}
	_exit(0);
}

/* The signal comes while the call waits. */
static void interrupted(int restarts)
{
	struct timespec long_time = { 100, 0 }, left = { 0, 0 };
	char buf[8] = "";

	handle(SIGUSR1, 0, restarts ? SA_RESTART : 0);
	must(write(asks[1], buf, 1));
	raw(SYS_nanosleep, &long_time, &left);
	if (restarts)
		return;
	must(write(asks[1], buf, 1));
	raw(SYS_read, ends[0], buf, sizeof(buf));
}

/* A signal that is sent by the call itself comes as it ends. */
static void at_the_end(void)
{
	siginfo_t info = { .si_code = SI_QUEUE };

	handle(SIGUSR1, SIGSEGV, 0);
	raw(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &info);
	handle(SIGUSR2, 0, SA_NODEFER);
	if (!sigsetjmp(back, 1))
		raw(SYS_rt_sigqueueinfo, getpid(), SIGUSR2, &info);
	some_calls();
}

static void blocking(int sig)
{
	uint64_t set = 1ull << (sig - 1), old = 0;

	raw(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, 8);
	some_calls();
	raw(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &old, 8);
	raw(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, &old, 8);
	some_calls();
}

static void *thread(void *arg)
{
	for (int i = 0; i < 3; i++)
		some_calls();
	return arg;
}

static void children(void)
{
	uint64_t set = 1ull << (SIGCHLD - 1);
	pthread_t other;
	int status = 0;
	pid_t pid;

	/* Or it might come before the wait as well as at its end. */
	raw(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
	pid = vfork();
	if (!pid) {
		execl("/bin/true", "true", "an argument", NULL);
		_exit(1);
	}
	must(pid);
	if (raw(SYS_wait4, pid, &status, __WALL, NULL) != pid)
		abort();
	raw(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, NULL, 8);
	must_zero(pthread_create(&other, NULL, thread, NULL));
	must_zero(pthread_join(other, NULL));
}

int main(void)
{
	pid_t waker;

	must(pipe(asks));
	waker = start_waker();
	if (waker < 0)
		abort();
	zero = must(open("/dev/zero", O_RDWR));
	must(memfd_create("begin", 0));
	must(pipe(ends));
	for (int i = 0; i < 2; i++) {
		some_calls();
		interrupted(0);
		interrupted(1);
		at_the_end();
		blocking(SIGSEGV);
		blocking(SIGBUS);
		blocking(SIGTRAP);
		blocking(SIGSYS);
		handle(SIGCHLD, 0, 0);
		children();
	}
	must(signal(SIGSEGV, SIG_IGN) == SIG_ERR ? -1 : 0);
	some_calls();
	must(signal(SIGSEGV, SIG_DFL) == SIG_ERR ? -1 : 0);
	some_calls();
	must(close(asks[1]));
	if (raw(SYS_wait4, waker, NULL, __WALL, NULL) != waker)
		abort();
	return caught ? 0 : 1;
}
