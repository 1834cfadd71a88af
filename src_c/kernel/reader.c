#define _GNU_SOURCE
#include "kernel/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kernel/clock.h"
#include "kernel/proc.h"
#include "kernel/remote.h"
#include "kernel/watchdog.h"

#define PAGE	    4096u
#define TIMEOUT_NS  300000000ull
#define ROUNDS_MAX  30
#define STUCK_TICKS 30
#define RAN_MIN_NS  1000000ull /* in a tick: who has less lacks a processor */
#define PIECES_MAX  128
#define MAPS	    16 /* descriptors of pagemaps, by pid */
#define PRESENT	    (1ull << 63) /* Documentation/admin-guide/mm/pagemap.rst */
#define SWAPPED	    (1ull << 62)

struct wish {
	enum { BYTES, STRING, PROC, QUESTION } what;
	pid_t pid;
	int memory; /* its /proc/PID/mem, if open */
	uint64_t addr;
	char name[16];
	ft_reader_question *question;
	uint64_t second; /* of its arguments; addr is the first */
	size_t max;
};

/* What a thread of its own reads. Whoever is the last to have it frees it: the thread, if nobody waits any more. */
struct job {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct wish wish;
	ssize_t result;
	int truncated;
	pid_t tid; /* the thread's */
	bool given; /* to it */
	bool done;
	bool abandoned;
	char buf[FT_READER_MAX];
};

struct ft_reader {
	struct ft_watchdog *watchdog;
	const struct ft_scheduling *scheduling;
	pid_t busy_with; /* what is read without the thread; atomic; 0: nothing */
	uint64_t reads; /* how often something was; atomic */
	struct { /* the watchdog's own: of the read that is under way */
		uint64_t read, ran_ns;
		int ticks;
	} late;
	struct job *job; /* of the thread that waits for work; NULL: there is none */
	struct {
		pid_t pid;
		int fd;
	} maps[MAPS];
};

static ssize_t run(const struct wish *w, char *buf, int *truncated)
{
	ssize_t n;

	switch (w->what) {
	case BYTES:
		n = ft_remote_read(w->pid, w->addr, buf, w->max);
		/* What was opened in time serves on when the process is not dumpable any more. */
		return n < 0 && w->memory >= 0 ? pread(w->memory, buf, w->max, (off_t)w->addr) : n;
	case STRING:
		return ft_remote_string(w->pid, w->addr, buf, w->max, truncated);
	case QUESTION:
		return w->question(w->pid, w->addr, w->second, buf, w->max);
	default:
		return ft_proc_read(w->pid, w->name, buf, w->max);
	}
}

static void job_free(struct job *j)
{
	pthread_cond_destroy(&j->changed);
	pthread_mutex_destroy(&j->lock);
	free(j);
}

static void *read_for_others(void *arg)
{
	struct job *j = arg;

	prctl(PR_SET_NAME, "fasttrace-read");
	pthread_mutex_lock(&j->lock);
	j->tid = (pid_t)syscall(SYS_gettid);
	while (!j->abandoned) {
		ssize_t result;

		if (!j->given) {
			pthread_cond_wait(&j->changed, &j->lock);
			continue;
		}
		pthread_mutex_unlock(&j->lock);
		result = run(&j->wish, j->buf, &j->truncated);
		pthread_mutex_lock(&j->lock);
		j->result = result;
		j->given = false;
		j->done = true;
		pthread_cond_broadcast(&j->changed);
	}
	pthread_mutex_unlock(&j->lock);
	job_free(j);
	return NULL;
}

static struct job *job_new(const struct ft_reader *r)
{
	struct job *j = calloc(1, sizeof(*j));
	pthread_t thread;
	int rc;

	if (!j)
		return NULL;
	pthread_mutex_init(&j->lock, NULL);
	ft_cond_init(&j->changed);
	rc = ft_scheduling_thread(r->scheduling, &thread, true, read_for_others, j);
	if (!rc)
		return j;
	job_free(j);
	return NULL;
}

static void abandon(struct job *j)
{
	pthread_mutex_lock(&j->lock);
	j->abandoned = true;
	pthread_cond_broadcast(&j->changed);
	pthread_mutex_unlock(&j->lock);
}

int ft_reader_new(struct ft_watchdog *watchdog, const struct ft_scheduling *scheduling,
	struct ft_reader **out)
{
	struct ft_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	for (int i = 0; i < MAPS; i++)
		r->maps[i].fd = -1;
	r->watchdog = watchdog;
	r->scheduling = scheduling;
	*out = r;
	return 0;
}

/* A page that was there may be taken away meanwhile. */
static void begin(struct ft_reader *r, pid_t pid)
{
	ft_watchdog_begin(r->watchdog);
	__atomic_add_fetch(&r->reads, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&r->busy_with, pid, __ATOMIC_RELAXED);
}

static void end(struct ft_reader *r)
{
	__atomic_store_n(&r->busy_with, 0, __ATOMIC_RELAXED);
	ft_watchdog_end(r->watchdog);
}

static ssize_t read_now(struct ft_reader *r, const struct wish *w, char *buf, int *truncated)
{
	ssize_t n;

	begin(r, w->pid);
	n = run(w, buf, truncated);
	end(r);
	return n;
}

/*
 * Who waits for a processor does not wait for a page. One whose page is not there, but that is woken for it over and over
 * (UFFDIO_WAKE), has one.
 */
static bool lacks_processor(struct ft_reader *r, pid_t reading)
{
	uint64_t before_ns = r->late.ran_ns;

	return ft_proc_ran(reading, &r->late.ran_ns) && r->late.ran_ns - before_ns < RAN_MIN_NS &&
	       ft_proc_state(reading) == 'R';
}

pid_t ft_reader_late(struct ft_reader *r, pid_t reading)
{
	pid_t pid = __atomic_load_n(&r->busy_with, __ATOMIC_RELAXED);
	uint64_t read = __atomic_load_n(&r->reads, __ATOMIC_RELAXED);

	if (read != r->late.read)
		r->late.ticks = 0;
	r->late.read = read;
	if (pid && !lacks_processor(r, reading))
		r->late.ticks++;
	return pid && r->late.ticks >= STUCK_TICKS ? pid : 0;
}

void ft_reader_free(struct ft_reader *r)
{
	if (!r)
		return;
	for (int i = 0; i < MAPS; i++)
		if (r->maps[i].fd >= 0)
			close(r->maps[i].fd);
	if (r->job)
		abandon(r->job);
	free(r);
}

/* The task need not fill the pages, for they are there. An old descriptor leads to memory that has gone: 0 bytes. */
static bool is_present(struct ft_reader *r, pid_t pid, uint64_t addr, size_t size)
{
	int i = (int)((unsigned)pid % MAPS);
	uint64_t pages[3], first = addr / PAGE, count = (addr + size - 1) / PAGE - first + 1;
	ssize_t want = (ssize_t)(count * sizeof(pages[0]));

	if (!size || count > 3 || addr + size < addr)
		return false;
	for (int pass = 0; pass < 2; pass++) {
		char path[32];

		if (r->maps[i].fd >= 0 && r->maps[i].pid == pid &&
			pread(r->maps[i].fd, pages, (size_t)want,
				(off_t)(first * sizeof(pages[0]))) == want)
			break;
		if (pass)
			return false;
		if (r->maps[i].fd >= 0)
			close(r->maps[i].fd);
		snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
		r->maps[i].fd = open(path, O_RDONLY | O_CLOEXEC);
		r->maps[i].pid = pid;
		if (r->maps[i].fd < 0)
			return false;
	}
	for (uint64_t k = 0; k < count; k++)
		if (!(pages[k] & (PRESENT | SWAPPED)))
			return false;
	return true;
}

/* The thread has had no processor yet: it is not the page that it waits for. */
static bool is_starved(const struct job *j)
{
	return !j->tid || ft_proc_state(j->tid) == 'R';
}

/* In the other thread. */
static ssize_t fulfil(struct ft_reader *r, const struct wish *w, char *buf, int *truncated)
{
	uint64_t until = ft_now() + TIMEOUT_NS;
	struct job *j;
	ssize_t result = -ETIMEDOUT;
	int rc = 0, rounds = 0;

	if (!r->job)
		r->job = job_new(r);
	j = r->job;
	if (!j)
		return -EAGAIN;
	pthread_mutex_lock(&j->lock);
	j->wish = *w;
	if (j->wish.max > sizeof(j->buf))
		j->wish.max = sizeof(j->buf);
	j->done = false;
	j->given = true;
	pthread_cond_broadcast(&j->changed);
	while (!j->done && !rc) {
		rc = ft_cond_wait_until(&j->changed, &j->lock, until);
		if (rc == ETIMEDOUT && ++rounds < ROUNDS_MAX && is_starved(j)) {
			until = ft_now() + TIMEOUT_NS;
			rc = 0;
		}
	}
	if (j->done) {
		result = j->result;
		if (truncated)
			*truncated = j->truncated;
		if (result > 0)
			memcpy(buf, j->buf, (size_t)result);
	}
	pthread_mutex_unlock(&j->lock);
	if (result == -ETIMEDOUT) {
		r->job = NULL;
		abandon(j);
	}
	return result;
}

ssize_t ft_reader_read(
	struct ft_reader *r, pid_t pid, int memory, uint64_t addr, void *buf, size_t max)
{
	struct wish w = { .what = BYTES, .pid = pid, .memory = memory, .addr = addr, .max = max };

	if (is_present(r, pid, addr, max))
		return read_now(r, &w, buf, NULL);
	return fulfil(r, &w, buf, NULL);
}

ssize_t ft_reader_string(
	struct ft_reader *r, pid_t pid, uint64_t addr, char *buf, size_t max, int *truncated)
{
	struct wish w = { .what = STRING, .pid = pid, .addr = addr, .max = PAGE - addr % PAGE };
	ssize_t n;

	/* Most strings end in the page that they begin in. */
	if (w.max < max && is_present(r, pid, addr, w.max)) {
		n = read_now(r, &w, buf, truncated);
		if (n >= 0 && !*truncated)
			return n;
	}
	w.max = max;
	if (is_present(r, pid, addr, max))
		return read_now(r, &w, buf, truncated);
	return fulfil(r, &w, buf, truncated);
}

size_t ft_reader_pieces(
	struct ft_reader *r, pid_t pid, const struct ft_piece *pieces, size_t n, uint8_t *buf)
{
	struct iovec local = { .iov_base = buf }, remote[PIECES_MAX];
	uint64_t known = 0; /* address of a page that is there */
	ssize_t done;
	size_t i;

	if (n > PIECES_MAX)
		n = PIECES_MAX;
	for (i = 0; i < n; i++) {
		uint64_t first = pieces[i].address, last = first + pieces[i].size - 1;

		if (!(known && first / PAGE == known / PAGE && last / PAGE == known / PAGE) &&
			!is_present(r, pid, first, pieces[i].size))
			break;
		known = last;
		remote[i] = (struct iovec){ (void *)(uintptr_t)first, pieces[i].size };
		local.iov_len += pieces[i].size;
	}
	begin(r, pid);
	done = process_vm_readv(pid, &local, 1, remote, i, 0);
	end(r);
	for (n = 0; n < i && done >= (ssize_t)pieces[n].size; n++)
		done -= (ssize_t)pieces[n].size;
	return n;
}

ssize_t ft_reader_proc(struct ft_reader *r, pid_t pid, const char *name, char *buf, size_t max)
{
	struct wish w = { .what = PROC, .pid = pid, .max = max };

	snprintf(w.name, sizeof(w.name), "%s", name);
	return fulfil(r, &w, buf, NULL);
}

ssize_t ft_reader_call(struct ft_reader *r, ft_reader_question *question, pid_t pid, uint64_t first,
	uint64_t second, char *buf, size_t max)
{
	struct wish w = { .what = QUESTION,
		.pid = pid,
		.addr = first,
		.question = question,
		.second = second,
		.max = max };

	return fulfil(r, &w, buf, NULL);
}
