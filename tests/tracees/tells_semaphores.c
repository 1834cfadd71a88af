/*
 * role: named
 * arch: x86_64
 *
 * System V semaphores.
 */
#include "tells.h"
#include <sys/ipc.h>
#include <sys/sem.h>
#include <time.h>

int main(void)
{
	struct sembuf one = { 1, -1, IPC_NOWAIT | SEM_UNDO },
		      many[2] = { { 0, 1, 0 }, { 65535, -32768, 0x77 } };
	struct timespec none = { 0, 1000000000 };

	syscall(SYS_semget, 0x12345678, 1, 0);
	syscall(SYS_semget, 0x12345678, -1, IPC_EXCL | 0777);
	syscall(SYS_semop, -1, &one, 1);
	syscall(SYS_semop, 2147483647, many, 2);
	syscall(SYS_semop, -1, NULL, 0);
	syscall(SYS_semop, -1, WRONG, 2);
	syscall(SYS_semtimedop, -1, &one, 1, &none);
	syscall(SYS_semtimedop, -1, &one, 1, WRONG);
	syscall(SYS_semctl, -1, 0, IPC_RMID, 0);
	syscall(SYS_semctl, -1, 0, 99, 5);
	return 0;
}
