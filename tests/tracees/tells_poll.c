/*
 * role: named
 * arch: x86_64
 *
 * poll(2) and ppoll(2).
 */
#include "tells.h"
#include <poll.h>
#include <signal.h>

int main(void)
{
	struct pollfd fds[40], none = { -1, POLLIN, 0 };
	struct timespec now = { 0, 0 }, odd = { 0, -1 };
	unsigned long set = 1;

	for (int i = 0; i < 40; i++)
		fds[i] = (struct pollfd){ i < 2 ? 1 : 99, POLLOUT | POLLIN | POLLPRI, 0 };
	syscall(SYS_poll, fds, 1, 0);
	syscall(SYS_poll, fds, 3, -1);
	syscall(SYS_poll, fds, 40, 0);
	syscall(SYS_poll, &none, 1, 0);
	syscall(SYS_poll, NULL, 0, 0);
	syscall(SYS_poll, WRONG, 1, 0);
	syscall(SYS_poll, WRONG, -1, 5);
	syscall(SYS_poll, at_the_end(fds, 8), 2, 0);
	syscall(SYS_ppoll, &none, 1, &now, &set, 8);
	syscall(SYS_ppoll, fds, 2, &now, NULL, 8);
	syscall(SYS_ppoll, fds, 1, &odd, WRONG, 4);
	return 0;
}
