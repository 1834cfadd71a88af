/* A 64-bit program that waits for the end of stdin in an i386 call by int 0x80, which is EINTR for any wake-up.
 * arch: x86_64
 * role: attach
 * oracle: no (it is about attaching)
 */
#define _GNU_SOURCE
#include "must.h"
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#define I386_EPOLL_WAIT 256

static long epoll_wait_by_int80(int epoll, struct epoll_event *events)
{
	long ret;

	__asm__ volatile("int $0x80"
		: "=a"(ret)
		: "a"(I386_EPOLL_WAIT), "b"(epoll), "c"(events), "d"(1), "S"(-1)
		: "memory", "r8", "r9", "r10", "r11");
	return ret;
}

int main(void)
{
	struct epoll_event *event = must(mmap(NULL, sizeof(*event), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
	int epoll = must(epoll_create1(0));

	event->events = EPOLLIN;
	must(epoll_ctl(epoll, EPOLL_CTL_ADD, 0, event));
	puts("ready");
	fflush(stdout);
	printf("epoll_wait: %ld\n", epoll_wait_by_int80(epoll, event));
	return 0;
}
