/* The ptrace(2) of a kernel before Linux 6.4, where it is preloaded. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define PEEK_FIRST   1 /* PTRACE_PEEKTEXT: glibc returns what the kernel writes */
#define PEEK_LAST    3
#define SET_DISPATCH 0x4210
#define GET_DISPATCH 0x4211

long ptrace(int request, ...)
{
	va_list list;
	pid_t pid;
	void *address, *data;

	va_start(list, request);
	pid = va_arg(list, pid_t);
	address = va_arg(list, void *);
	data = va_arg(list, void *);
	va_end(list);
	if (request == SET_DISPATCH || request == GET_DISPATCH) {
		errno = EIO;
		return -1;
	}
	if (request >= PEEK_FIRST && request <= PEEK_LAST) {
		long word = 0;

		return syscall(SYS_ptrace, request, pid, address, &word) < 0 ? -1 : word;
	}
	return syscall(SYS_ptrace, request, pid, address, data);
}
