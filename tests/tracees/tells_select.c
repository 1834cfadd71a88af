/*
 * role: named
 * arch: x86_64
 *
 * select(2) and pselect6(2).
 */
#include "tells.h"
#include <sys/select.h>
#include <time.h>

/* The last argument has no room for two: it points to where the mask is, and to its size. */
static void masks(void)
{
	struct timespec soon = { 0, 0 };
	uint64_t mask = 1 << 16 | 1ull << 40;
	struct {
		const void *mask;
		size_t size;
	} sigmask = { &mask, 8 };

	syscall(SYS_pselect6, 0, NULL, NULL, NULL, &soon, &sigmask);
	syscall(SYS_pselect6, 0, NULL, NULL, NULL, &soon, at_the_end(&sigmask, 16));
	syscall(SYS_pselect6, 0, NULL, NULL, NULL, &soon, at_the_end(&sigmask, 8));
	sigmask.mask = at_the_end(&mask, 8);
	syscall(SYS_pselect6, 0, NULL, NULL, NULL, &soon, &sigmask);
	sigmask.mask = at_the_end(&mask, 4);
	syscall(SYS_pselect6, 0, NULL, NULL, NULL, &soon, &sigmask);
	sigmask.mask = WRONG;
	syscall(SYS_pselect6, 0, NULL, NULL, NULL, &soon, &sigmask);
	sigmask.mask = NULL;
	syscall(SYS_pselect6, 0, NULL, NULL, NULL, &soon, &sigmask);
	sigmask.mask = &mask;
	sigmask.size = 7;
	syscall(SYS_pselect6, 0, NULL, NULL, NULL, &soon, &sigmask);
	sigmask.size = 0;
	syscall(SYS_pselect6, 0, NULL, NULL, NULL, &soon, &sigmask);
	sigmask.size = -1;
	syscall(SYS_pselect6, 0, NULL, NULL, NULL, &soon, &sigmask);
}

int main(void)
{
	fd_set in, out;
	struct timeval now = { 0, 0 }, odd = { -1, 0 };
	struct timespec soon = { 0, 0 };

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(1, &out);
	syscall(SYS_select, 2, &in, &out, NULL, &now);
	syscall(SYS_select, 2, &in, NULL, &in, &now);
	syscall(SYS_select, 0, NULL, NULL, NULL, &now);
	syscall(SYS_select, -1, &in, &out, NULL, &now);
	syscall(SYS_select, 5, WRONG, NULL, NULL, &odd);
	FD_SET(99, &in);
	syscall(SYS_select, 100, &in, NULL, NULL, WRONG);
	syscall(SYS_select, 100, &in, NULL, NULL, &now);
	syscall(SYS_pselect6, 0, NULL, NULL, NULL, &soon, NULL);
	syscall(SYS_pselect6, 2, WRONG, NULL, NULL, &soon, WRONG);
	masks();
	return 0;
}
