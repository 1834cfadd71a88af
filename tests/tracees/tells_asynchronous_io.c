/*
 * role: named
 * arch: x86_64
 *
 * Asynchronous input and output.
 */
#include "tells.h"
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <sys/uio.h>
#include <time.h>

#define A(pointer) ((uint64_t)(uintptr_t)(pointer))

static void submitted(aio_context_t context, struct iocb *cb)
{
	syscall(SYS_io_submit, context, 1, &cb);
}

static void commands(aio_context_t context, int fd)
{
	struct iovec iov[] = { { "hello", 5 }, { "you", 3 }, { WRONG, 5 } };
	char buffer[9];
	struct iocb all[] = {
		{ .aio_data = 5, .aio_lio_opcode = 1, .aio_buf = A("written"), .aio_nbytes = 7 },
		{ .aio_lio_opcode = 1, .aio_buf = A("written"), .aio_nbytes = 0 },
		{ .aio_lio_opcode = 1, .aio_buf = A("w\0\377"), .aio_nbytes = 3, .aio_offset = -1 },
		{ .aio_lio_opcode = 1, .aio_buf = A(WRONG), .aio_nbytes = 7 },
		{ .aio_lio_opcode = 1, .aio_nbytes = 7 },
		{ .aio_lio_opcode = 1, .aio_buf = A(at_the_end("end", 3)), .aio_nbytes = 3 },
		{ .aio_lio_opcode = 1, .aio_buf = A(at_the_end("end", 3)), .aio_nbytes = 4 },
		{ .aio_lio_opcode = 1, .aio_buf = A(NOPE NOPE NOPE NOPE), .aio_nbytes = 50 },
		{ .aio_lio_opcode = 0, .aio_buf = A(buffer), .aio_nbytes = 7, .aio_reqprio = -5 },
		{ .aio_lio_opcode = 8, .aio_buf = A(iov), .aio_nbytes = 2, .aio_flags = 1 },
		{ .aio_lio_opcode = 8, .aio_buf = A(iov), .aio_nbytes = 3, .aio_flags = 5 },
		{ .aio_lio_opcode = 8, .aio_buf = A(iov), .aio_nbytes = 0 },
		{ .aio_lio_opcode = 8, .aio_buf = A(WRONG), .aio_nbytes = 2 },
		{ .aio_lio_opcode = 7, .aio_buf = A(iov), .aio_nbytes = 2, .aio_rw_flags = 3 },
		{ .aio_lio_opcode = 2, .aio_key = 99, .aio_buf = 5, .aio_nbytes = 6 },
		{ .aio_lio_opcode = 3, .aio_rw_flags = 3, .aio_flags = 2, .aio_reqprio = 0x4003 },
		{ .aio_lio_opcode = 5, .aio_buf = POLLIN | POLLOUT },
		{ .aio_lio_opcode = 5, .aio_buf = 1ull << 40 | 0x10000 | POLLHUP },
		{ .aio_lio_opcode = 6, .aio_buf = 5 },
		{ .aio_lio_opcode = 4, .aio_buf = 5 },
		{ .aio_lio_opcode = 99, .aio_buf = 5 },
	};
	struct iocb *four[] = { &all[0], NULL, WRONG, &all[8] };
	struct iocb *many[40];

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		all[i].aio_fildes = fd;
		submitted(context, &all[i]);
	}
	submitted(context, NULL);
	submitted(context, WRONG);
	submitted(context, at_the_end(&all[0], 60));
	for (size_t i = 0; i < 40; i++)
		many[i] = &all[i % 2];
	syscall(SYS_io_submit, context, 4, four);
	syscall(SYS_io_submit, context, 2, four + 2);
	syscall(SYS_io_submit, -1, 40, many);
	syscall(SYS_io_submit, context, 3, at_the_end(four, 16));
	syscall(SYS_io_submit, context, 0, four);
	syscall(SYS_io_submit, context, 0, WRONG);
	syscall(SYS_io_submit, context, 1, WRONG);
	syscall(SYS_io_submit, context, -1L, four);
	syscall(SYS_io_cancel, context, &all[0], buffer);
}

static void waits(aio_context_t context)
{
	struct timespec now = { 0, 0 };
	struct io_event events[2];
	uint64_t mask = 1 << 16;
	struct {
		const void *mask;
		size_t size;
	} sigmask = { &mask, 8 };

	syscall(SYS_io_pgetevents, context, 0, 0, events, &now, &sigmask);
	syscall(SYS_io_pgetevents, context, 0, 2, events, &now, WRONG);
	sigmask.mask = WRONG;
	syscall(SYS_io_pgetevents, context, 0, 2, events, &now, &sigmask);
	syscall(SYS_io_pgetevents, 5, 0, 2, NULL, NULL, NULL);
}

/* What rings are told of, asked of what is none. */
static void rings(void)
{
	const uint64_t words[8] = { 1, 2 };
	static const unsigned ops[] = { 0, 2, 4, 6, 7, 17, 20, 21, 22, 23 };

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		syscall(427, -1, ops[i], words, 1);
		syscall(427, -1, ops[i], at_the_end(words, 12), 1);
		syscall(427, -1, ops[i], WRONG, 1);
		syscall(427, -1, ops[i], NULL, 1);
	}
	syscall(427, -1, 0, words, 2);
	syscall(427, -1, 2, words, 3);
	syscall(427, -1, 17, words, 8);
	syscall(426, -1, 1, 2, 1, words, 8);
	syscall(426, -1, 1, 2, 8, words, 24);
	syscall(426, -1, 1, 2, 0, WRONG, 8);
}

int main(void)
{
	aio_context_t context = 0;

	syscall(SYS_io_setup, 0, &context);
	syscall(SYS_io_setup, 5, WRONG);
	syscall(SYS_io_destroy, 5);
	syscall(SYS_io_submit, 5, 0, NULL);
	syscall(SYS_io_cancel, 5, NULL, NULL);
	syscall(SYS_io_getevents, 5, 1, 2, NULL, NULL);
	commands(context, open("/dev/null", O_RDWR));
	waits(context);
	rings();
	return 0;
}
