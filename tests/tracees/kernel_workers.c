/* Has threads of io_uring's, a poller and workers that wait for a pipe; prints what the traced ones do until stdin ends.
 * role: attach
 */
#define _GNU_SOURCE
#include "must.h"
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define READS 4

static int ring(unsigned flags, struct io_uring_params *p)
{
	*p = (struct io_uring_params){ .flags = flags, .sq_thread_idle = 100000 };
	return (int)syscall(SYS_io_uring_setup, 2 * READS, p);
}

/* Each read blocks a worker. */
static void start_workers(int fd, const struct io_uring_params *p, int pipe_end)
{
	static char to[READS];
	char *sq = mmap(NULL, p->sq_off.array + p->sq_entries * sizeof(unsigned),
		PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);
	struct io_uring_sqe *sqes = mmap(NULL, p->sq_entries * sizeof(*sqes),
		PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);

	must(sq == MAP_FAILED || sqes == MAP_FAILED ? -1 : 0);
	for (unsigned i = 0; i < READS; i++) {
		sqes[i] = (struct io_uring_sqe){ .opcode = IORING_OP_READ,
			.flags = IOSQE_ASYNC,
			.fd = pipe_end,
			.addr = (unsigned long)&to[i],
			.len = 1 };
		((unsigned *)(sq + p->sq_off.array))[i] = i;
	}
	__atomic_store_n((unsigned *)(sq + p->sq_off.tail), READS, __ATOMIC_RELEASE);
	must((int)syscall(SYS_io_uring_enter, fd, READS, 0, 0, NULL, 0));
}

int main(void)
{
	struct io_uring_params p;
	int ends[2], fd;
	char c;

	must(pipe(ends));
	fd = ring(0, &p);
	if (fd >= 0) { /* else sysctl kernel.io_uring_disabled, or a container's profile */
		start_workers(fd, &p, ends[0]);
		ring(IORING_SETUP_SQPOLL, &p);
	}
	must(write(1, "ready\n", 6));
	while (must(read(0, &c, 1)) > 0)
		must(write(1, &c, 1));
	must(write(ends[1], "xxxx", READS));
	return 0;
}
