/*
 * role: named
 * arch: x86_64
 *
 * System V shared memory.
 */
#include "tells.h"
#include <sys/ipc.h>
#include <sys/shm.h>

int main(void)
{
	syscall(SYS_shmget, IPC_PRIVATE, 0, IPC_CREAT | 0600);
	syscall(SYS_shmget, 0x12345678, 4096, 0);
	syscall(SYS_shmget, 0x12345678, -1, IPC_EXCL | SHM_HUGETLB);
	syscall(SYS_shmat, -1, NULL, SHM_RDONLY | SHM_RND);
	syscall(SYS_shmat, 2147483647, WRONG, 0x10000);
	syscall(SYS_shmdt, WRONG);
	syscall(SYS_shmctl, -1, IPC_RMID, NULL);
	syscall(SYS_shmctl, -1, 99, WRONG);
	syscall(SYS_shmctl, 2147483647, SHM_LOCK, NULL);
	return 0;
}
