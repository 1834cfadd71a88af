/*
 * role: named
 * arch: x86_64
 *
 * What System V's objects are asked and told, and messages: in an IPC namespace of their own, where that is allowed.
 */
#include "tells.h"
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#define LARGE_KEY 0x9234fa57
#define ODD	  0x7fff /* no command */

static void of_queues(void)
{
	struct msqid_ds ds, odd = { .msg_qbytes = 77 };
	struct msginfo info;
	struct {
		long type;
		char text[40];
	} message = { 5, "what it says, and a little more" };
	int id;

	odd.msg_perm.uid = 1;
	odd.msg_perm.gid = -1;
	odd.msg_perm.mode = 01640;
	syscall(SYS_msgctl, -1, IPC_STAT, &ds);
	syscall(SYS_msgctl, -1, IPC_SET, &odd);
	syscall(SYS_msgctl, -1, IPC_SET, NULL);
	syscall(SYS_msgctl, -1, IPC_SET, WRONG);
	syscall(SYS_msgctl, -1, IPC_SET, at_the_end(&odd, sizeof(odd)));
	syscall(SYS_msgctl, -1, IPC_SET, at_the_end(&odd, sizeof(odd) - 8));
	syscall(SYS_msgctl, -1, ODD, WRONG);
	syscall(SYS_msgctl, -1, 0x100 | IPC_STAT, &ds);
	syscall(SYS_msgctl, 0, IPC_INFO, &info);
	syscall(SYS_msgctl, 0, MSG_INFO, &info);
	syscall(SYS_msgctl, 0, MSG_INFO, WRONG);
	syscall(SYS_msgctl, 0, IPC_INFO, NULL);
	syscall(SYS_msgsnd, -1, &message, 5, 0);
	syscall(SYS_msgsnd, -1, &message, 40, IPC_NOWAIT);
	syscall(SYS_msgsnd, -1, &message, 0, IPC_NOWAIT | 1);
	syscall(SYS_msgsnd, -1, &message, -1L, 0);
	syscall(SYS_msgsnd, -1, WRONG, 5, 0);
	syscall(SYS_msgsnd, -1, NULL, 5, 0);
	syscall(SYS_msgsnd, -1, at_the_end(&message, 2 * sizeof(long)), sizeof(long), 0);
	syscall(SYS_msgsnd, -1, at_the_end(&message, 2 * sizeof(long)), sizeof(long) + 1, 0);
	syscall(SYS_msgsnd, -1, at_the_end(&message, 2 * sizeof(long) + 33), 400, 0);
	syscall(SYS_msgsnd, -1, at_the_end(&message, 2), 0, 0);
	syscall(SYS_msgrcv, -1, &message, 40, 0, IPC_NOWAIT);
	id = (int)syscall(SYS_msgget, LARGE_KEY, IPC_CREAT | 0600);
	if (id < 0)
		return;
	syscall(SYS_msgctl, id, IPC_STAT, &ds);
	syscall(SYS_msgctl, id, IPC_STAT, WRONG);
	syscall(SYS_msgctl, 0, MSG_STAT, &ds);
	syscall(SYS_msgctl, 0, 13 /* MSG_STAT_ANY */, &ds);
	ds.msg_qbytes = 1000;
	syscall(SYS_msgctl, id, IPC_SET, &ds);
	syscall(SYS_msgsnd, id, &message, 5, IPC_NOWAIT);
	message.type = 6;
	syscall(SYS_msgsnd, id, &message, 40, IPC_NOWAIT);
	syscall(SYS_msgsnd, id, &message, 0, IPC_NOWAIT);
	memset(&message, 'x', sizeof(message));
	syscall(SYS_msgrcv, id, &message, 40, 5, IPC_NOWAIT);
	syscall(SYS_msgrcv, id, &message, 4, 0, IPC_NOWAIT);
	syscall(SYS_msgrcv, id, &message, 4, -6L, IPC_NOWAIT | MSG_NOERROR);
	syscall(SYS_msgrcv, id, &message, 40, 0, IPC_NOWAIT);
	syscall(SYS_msgrcv, id, &message, 40, 0, IPC_NOWAIT);
	syscall(SYS_msgrcv, id, WRONG, 40, 0, IPC_NOWAIT);
	syscall(SYS_msgctl, id, IPC_RMID, WRONG);
}

static void of_memory(void)
{
	struct shmid_ds ds, odd = { .shm_segsz = 77 };
	struct {
		unsigned long words[16];
	} info;
	int id;

	odd.shm_perm.uid = -1;
	odd.shm_perm.gid = 2;
	odd.shm_perm.mode = 0644 | 02000;
	syscall(SYS_shmctl, -1, IPC_STAT, &ds);
	syscall(SYS_shmctl, -1, IPC_SET, &odd);
	syscall(SYS_shmctl, -1, IPC_SET, NULL);
	syscall(SYS_shmctl, -1, IPC_SET, WRONG);
	syscall(SYS_shmctl, -1, IPC_SET, at_the_end(&odd, sizeof(odd)));
	syscall(SYS_shmctl, -1, IPC_SET, at_the_end(&odd, sizeof(odd) - 8));
	syscall(SYS_shmctl, -1, ODD, &ds);
	syscall(SYS_shmctl, -1, 0x100 | IPC_SET, &odd);
	syscall(SYS_shmctl, 0, IPC_INFO, &info);
	syscall(SYS_shmctl, 0, SHM_INFO, &info);
	syscall(SYS_shmctl, 0, SHM_INFO, WRONG);
	syscall(SYS_shmctl, 0, IPC_INFO, NULL);
	id = (int)syscall(SYS_shmget, LARGE_KEY, 5000, IPC_CREAT | 0600);
	if (id < 0)
		return;
	syscall(SYS_shmctl, id, IPC_STAT, &ds);
	syscall(SYS_shmctl, id, IPC_STAT, WRONG);
	syscall(SYS_shmctl, id, SHM_LOCK, NULL);
	syscall(SYS_shmctl, 0, SHM_STAT, &ds);
	syscall(SYS_shmctl, 0, 15 /* SHM_STAT_ANY */, &ds);
	syscall(SYS_shmctl, id, IPC_SET, &ds);
	syscall(SYS_shmctl, id, IPC_RMID, &ds);
}

static void of_semaphores(void)
{
	struct semid_ds ds, odd = { .sem_nsems = 3 };
	struct seminfo info;
	unsigned short values[3] = { 1, 2, 3 };
	int id;

	odd.sem_perm.mode = 0604;
	syscall(SYS_semctl, -1, 0, IPC_STAT, &ds);
	syscall(SYS_semctl, -1, 0, IPC_SET, &odd);
	syscall(SYS_semctl, -1, 0, IPC_SET, NULL);
	syscall(SYS_semctl, -1, 0, IPC_SET, WRONG);
	syscall(SYS_semctl, -1, 0, IPC_SET, at_the_end(&odd, sizeof(odd)));
	syscall(SYS_semctl, -1, 0, IPC_SET, at_the_end(&odd, sizeof(odd) - 8));
	syscall(SYS_semctl, -1, 0, ODD, &ds);
	syscall(SYS_semctl, -1, 3, SETVAL, 5);
	syscall(SYS_semctl, -1, 3, GETVAL, 5);
	syscall(SYS_semctl, -1, 3, SETALL, values);
	syscall(SYS_semctl, 0, 0, IPC_INFO, &info);
	syscall(SYS_semctl, 0, 0, SEM_INFO, &info);
	syscall(SYS_semctl, 0, 0, SEM_INFO, WRONG);
	syscall(SYS_semctl, 0, 0, IPC_INFO, NULL);
	id = (int)syscall(SYS_semget, LARGE_KEY, 3, IPC_CREAT | 0600);
	if (id < 0)
		return;
	syscall(SYS_semctl, id, 0, SETALL, values);
	syscall(SYS_semctl, id, 0, GETALL, values);
	syscall(SYS_semctl, id, 1, GETVAL, 0);
	syscall(SYS_semctl, id, 1, GETNCNT, 0);
	syscall(SYS_semctl, id, 1, SETVAL, 9);
	syscall(SYS_semctl, id, 0, IPC_STAT, &ds);
	syscall(SYS_semctl, id, 0, IPC_STAT, WRONG);
	syscall(SYS_semctl, 0, 0, SEM_STAT, &ds);
	syscall(SYS_semctl, 0, 0, 20 /* SEM_STAT_ANY */, &ds);
	syscall(SYS_semctl, id, 0, IPC_SET, &ds);
	syscall(SYS_semctl, id, 0, IPC_RMID, 0);
}

int main(void)
{
	if (unshare(CLONE_NEWIPC) && unshare(CLONE_NEWUSER | CLONE_NEWIPC))
		return errno == EPERM || errno == ENOSYS ? 0 : 1;
	of_queues();
	of_memory();
	of_semaphores();
	return 0;
}
