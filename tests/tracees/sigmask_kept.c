/* The signal mask is what was set, after each first call of many functions, with SIGSYS and SIGTRAP blocked or not.
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "expect.h"
#include "raw.h"
#include "status.h"
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#define BIT(sig) (1UL << ((sig) - 1))

static uint64_t want;
static volatile int handled;

static inline __attribute__((always_inline)) uint64_t mask_now(void)
{
	uint64_t now = 1;

	expect(raw(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &now, sizeof(now)) == 0);
	return now;
}

#define keeps(call)                                                                                \
	do {                                                                                       \
		(void)!(call);                                                                     \
		expect(mask_now() == want);                                                        \
	} while (0)

static void handler(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)info;
	expect(*(uint64_t *)&uc->uc_sigmask == want);
	expect(mask_now() == (want | BIT(sig) | BIT(SIGSYS) | BIT(SIGTRAP)));
	getpgrp();
	expect(mask_now() == (want | BIT(sig) | BIT(SIGSYS) | BIT(SIGTRAP)));
	handled++;
}

static void calls(uint64_t mask)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	struct timespec brief = { .tv_nsec = 1000 }, now;
	struct epoll_event event;
	int fd[2];
	sigset_t all, other;
	struct stat st;
	char c;

	want = mask;
	expect(raw(SYS_rt_sigprocmask, SIG_SETMASK, &want, NULL, 8) == 0);
	want &= ~(BIT(SIGKILL) | BIT(SIGSTOP));
	sigfillset(&all);
	expect(mask_now() == want);
	keeps(getpid());
	keeps(getppid());
	keeps(getuid());
	keeps(umask(022));
	keeps(access("/", R_OK));
	keeps(access("/does/not/exist", R_OK));
	keeps(nanosleep(&brief, NULL));
	keeps(sched_yield());
	keeps(pipe(fd));
	keeps(write(fd[1], "x", 1));
	keeps(read(fd[0], &c, 1));
	keeps(poll(NULL, 0, 0));
	keeps(ppoll(NULL, 0, &brief, &all));
	keeps(epoll_pwait(epoll_create1(0), &event, 1, 0, &all));
	keeps(stat("/", &st));
	keeps(clock_gettime(CLOCK_REALTIME, &now));
	keeps(syscall(SYS_gettimeofday, &now, NULL));
	keeps(sigpending(&other));
	keeps(munmap(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096));
	keeps(dup(0));
	keeps(syscall(SYS_nfsservctl));
	sigemptyset(&sa.sa_mask);
	sigaddset(&sa.sa_mask, SIGSYS);
	sigaddset(&sa.sa_mask, SIGTRAP);
	keeps(sigaction(SIGUSR1, &sa, NULL));
	keeps(kill(getpid(), SIGUSR1));
	expect(handled == !(want & BIT(SIGUSR1)));
	keeps(in_child(expect(mask_now() == want)));
	expect(status_mask("SigBlk:") == want);
}

int main(void)
{
	/* Each in a child that is the first to make the calls. */
	expect(in_child(calls(BIT(SIGSYS))) == 0);
	expect(in_child(calls(BIT(SIGTRAP))) == 0);
	expect(in_child(calls(BIT(SIGSYS) | BIT(SIGTRAP))) == 0);
	expect(in_child(calls(~0UL)) == 0);
	expect(in_child(calls(0)) == 0);
	expect(in_child(calls(BIT(SIGUSR1) | BIT(SIGCHLD))) == 0);
	puts("masks kept");
	return 0;
}
