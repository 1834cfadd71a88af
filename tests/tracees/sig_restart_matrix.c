/* A signal while blocked in each of many calls, with SA_RESTART and without: it fails with EINTR or goes on to its
 * result, as signal(7) says.
 * oracle: no (waits for itself by polling)
 */
#define _GNU_SOURCE
#include "asleep.h"
#include "expect.h"
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

static int fd[2], epoll, listener, word;
static volatile pid_t blocked;
static volatile int handled;
static struct timespec left;
static pthread_t main_thread;

static void handler(int sig)
{
	handled += sig == SIGUSR1;
}

static long reads(void)
{
	char c[2];

	return read(fd[0], c, 2);
}

static void writes(void)
{
	must(write(fd[1], "x", 1));
}

static long polls(void)
{
	return poll(&(struct pollfd){ .fd = fd[0], .events = POLLIN }, 1, 100000);
}

static long sleeps(void)
{
	return nanosleep(&(struct timespec){ .tv_sec = 100 }, &left);
}

static long waits_futex(void)
{
	return syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL);
}

static void wakes_futex(void)
{
	while (syscall(SYS_futex, &word, FUTEX_WAKE, 1) != 1)
		sched_yield();
}

static long waits_epoll(void)
{
	struct epoll_event event;

	return epoll_wait(epoll, &event, 1, -1);
}

static long waits_signal(void)
{
	sigset_t usr2;

	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	return sigtimedwait(&usr2, NULL, &(struct timespec){ .tv_sec = 100 });
}

static long accepts(void)
{
	long got = accept(listener, NULL, NULL);

	return got > 2 ? 0 : got;
}

static void connects(void)
{
	struct sockaddr to;
	socklen_t size = sizeof(to);

	must(getsockname(listener, &to, &size));
	must(connect(must(socket(AF_UNIX, SOCK_STREAM, 0)), &to, size));
}

static struct {
	const char *name;
	long (*call)(void);
	void (*complete)(void); /* of those that restart */
} calls[] = { { "read", reads, writes }, { "poll", polls, NULL }, { "nanosleep", sleeps, NULL },
	{ "futex", waits_futex, wakes_futex }, { "epoll_wait", waits_epoll, NULL },
	{ "sigtimedwait", waits_signal, NULL }, { "accept", accepts, connects } };

static void *disturbs(void *complete)
{
	int before = handled;

	until_asleep(&blocked);
	pthread_kill(main_thread, SIGUSR1);
	if (!complete)
		return NULL;
	while (handled == before)
		sched_yield();
	until_asleep(&blocked);
	((void (*)(void))complete)();
	return NULL;
}

static long disturbed(long (*call)(void), void (*complete)(void), int flags)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };
	pthread_t t;
	long ret;

	must(sigaction(SIGUSR1, &sa, NULL));
	must_zero(pthread_create(&t, NULL, disturbs, (void *)complete));
	blocked = gettid();
	ret = call();
	if (ret == -1)
		ret = -errno;
	blocked = 0;
	must_zero(pthread_join(t, NULL));
	return ret;
}

int main(void)
{
	struct sockaddr any = { .sa_family = AF_UNIX };
	struct epoll_event in = { .events = EPOLLIN };

	alarm(30);
	main_thread = pthread_self();
	must(pipe(fd));
	epoll = must(epoll_create1(0));
	must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd[0], &in));
	listener = must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(bind(listener, &any, sizeof(any.sa_family))); /* to a name that the kernel picks */
	must(listen(listener, 1));
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		long eintr = disturbed(calls[i].call, NULL, 0);
		long restarted = disturbed(calls[i].call, calls[i].complete, SA_RESTART);

		printf("%s: %ld, SA_RESTART %ld\n", calls[i].name, eintr, restarted);
	}
	expect(left.tv_sec >= 70 && left.tv_sec <= 100);
	printf("signals %d\n", handled);
	return 0;
}
