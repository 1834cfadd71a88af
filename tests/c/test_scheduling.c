/* A tracer thread that keeps near a program as SCHED_IDLE is helped where others starve it. */
#define _GNU_SOURCE
#include "kernel/scheduling.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "kernel/clock.h"
#include "kernel/proc.h"

#define STOPS 1000 /* enough, one upon the other, to be worth keeping near */

static struct ft_scheduling p;
static pid_t self;
static _Atomic bool helped;

static long policy(void)
{
	return syscall(SYS_sched_getscheduler, 0);
}

static void keep_near(pid_t busy)
{
	for (uint64_t i = 0, now = ft_now(); i < STOPS && !p.near; i++)
		ft_scheduling_note(&p, busy, now + i, 1);
}

static void *help(void *sleeps)
{
	while (sleeps && ft_proc_state(self) != 'S')
		continue;
	ft_scheduling_help(&p, self);
	helped = true;
	return NULL;
}

static void test_near(pid_t busy)
{
	pthread_t helper;

	keep_near(busy);
	CHECK_EQ(policy(), SCHED_IDLE);
	pthread_create(&helper, NULL, help, &self);
	pthread_join(helper, NULL);
	CHECK_EQ(policy(), SCHED_IDLE);
	CHECK(p.near && p.idle);
	check_group("who waits for stops is left alone");

	helped = false;
	pthread_create(&helper, NULL, help, NULL);
	while (!helped)
		continue;
	CHECK_EQ(policy(), SCHED_OTHER);
	pthread_join(helper, NULL);
	ft_scheduling_note(&p, busy, ft_now(), 1);
	CHECK(!p.near && !p.idle);
	CHECK(p.backoff_until_ns > ft_now());
	keep_near(busy);
	CHECK(!p.near);
	check_group("who gets no processor has turns like others, and does not keep near at once "
		    "again");
}

int main(void)
{
	pid_t busy = fork();

	if (busy == 0)
		for (;;)
			pause();
	self = (pid_t)syscall(SYS_gettid);
	ft_scheduling_start(&p);
	if (p.idle_able)
		test_near(busy);
	else
		printf("skipped: there is but one processor, or SCHED_IDLE could not be left "
		       "again\n");
	ft_scheduling_end(&p);
	kill(busy, SIGKILL);
	waitpid(busy, NULL, 0);
	return check_result();
}
