/* Whom the watchdog takes for one that holds the reading thread up: not whom others keep from a processor. */
#define _GNU_SOURCE
#include "kernel/reader.h"

#include "check.h"

/* Its own words are to be set here: under other names than the core's, which is here as well. */
#define ft_reader_new	 late_reader_new
#define ft_reader_late	 late_reader_late
#define ft_reader_free	 late_reader_free
#define ft_reader_read	 late_reader_read
#define ft_reader_string late_reader_string
#define ft_reader_pieces late_reader_pieces
#define ft_reader_proc	 late_reader_proc
#define ft_reader_call	 late_reader_call
#include "kernel/reader.c"

#define HELD_UP 4711 /* nobody is asked who that is */

static _Atomic pid_t tid;
static _Atomic bool ends;

static void *runs(void *arg)
{
	tid = (pid_t)syscall(SYS_gettid);
	while (!ends)
		continue;
	return arg;
}

static void *sleeps(void *arg)
{
	tid = (pid_t)syscall(SYS_gettid);
	while (!ends)
		usleep(1000);
	return arg;
}

/* After how many ticks of a read it is held up for; 0: after so many it is not. */
static int ticks(struct ft_reader *r, useconds_t apart, int most)
{
	for (int n = 1; n <= most; n++) {
		if (ft_reader_late(r, tid))
			return n;
		usleep(apart);
	}
	return 0;
}

static void test(void *(*main)(void *), useconds_t apart, bool is_held_up)
{
	struct ft_reader r = { .busy_with = HELD_UP };
	pthread_t thread;
	int n;

	tid = ends = 0;
	pthread_create(&thread, NULL, main, NULL);
	while (!tid)
		continue;
	n = ticks(&r, apart, is_held_up ? 1000 * STUCK_TICKS : STUCK_TICKS * 4 / 3);
	CHECK(is_held_up ? n >= STUCK_TICKS : !n);
	r.reads++;
	CHECK_EQ(ft_reader_late(&r, tid), 0); /* another read by now */
	r.busy_with = 0;
	CHECK_EQ(ticks(&r, 1, STUCK_TICKS), 0);
	ends = true;
	pthread_join(thread, NULL);
}

int main(void)
{
	test(sleeps, 1000, true);
	check_group("who sleeps in one read, tick upon tick, is held up");
	test(runs, 3000, true);
	check_group("so is who runs without coming to its end");
	test(runs, 1, false);
	check_group("who would run, but has hardly had a processor since, is not");
	return check_result();
}
