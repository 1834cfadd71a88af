/*
 * role: named
 * arch: x86_64
 *
 * futex(2), alone.
 */
#include "tells.h"
#include <linux/futex.h>
#include <time.h>

int main(void)
{
	static int word = 5, other;
	struct timespec now = { 0, 0 }, odd = { 0, -1 };
	struct {
		uint64_t value, address;
		uint32_t flags, reserved;
	} waiters[2] = { { 7, (uint64_t)&word, 2, 0 }, { 0, 1, 2, 0 } };

	syscall(SYS_futex, &word, FUTEX_WAIT, 4, NULL);
	syscall(SYS_futex, &word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 5, &now);
	syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 5, &odd, NULL, 0);
	syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 5, &now, NULL, -1);
	syscall(SYS_futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 2147483647);
	syscall(SYS_futex, &word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0x55);
	syscall(SYS_futex, &word, FUTEX_REQUEUE, 1, 2, &other);
	syscall(SYS_futex, &word, FUTEX_CMP_REQUEUE, 1, 2, &other, 5);
	syscall(SYS_futex, &word, FUTEX_WAKE_OP, 1, 2, &other, 0x9abcdef0);
	syscall(SYS_futex, &word, FUTEX_WAKE_OP, 1, 2, &other, 0x11001001);
	syscall(SYS_futex, &word, FUTEX_UNLOCK_PI, 0);
	other = (int)syscall(SYS_getpid); /* whether another task is there is chance */
	syscall(SYS_futex, &other, FUTEX_TRYLOCK_PI, 0);
	syscall(SYS_futex, &word, 99, 1, 2, 3, 4);
	syscall(SYS_futex, WRONG, FUTEX_WAIT, 0, WRONG);
	syscall(SYS_futex_waitv, waiters, 2, 0, &now, 1);
	syscall(SYS_futex_waitv, WRONG, 1, 5, NULL, 99);
	syscall(SYS_get_robust_list, 2147483647, WRONG, WRONG);
	syscall(SYS_set_robust_list, WRONG, 5);
	syscall(SYS_set_tid_address, NULL);
	syscall(SYS_rseq, WRONG, 32, 0, 0x77);
	return 0;
}
