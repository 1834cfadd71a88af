/* A thread whose filter asks another one (SECCOMP_RET_USER_NOTIF) what comes of getppid: a number, or what the kernel says.
 * oracle: no (one waits for the other)
 * arch: x86_64
 * counted: no (its filter keeps calls from being made)
 */
#define _GNU_SOURCE
#include "expect.h"
#include "filter.h"
#include "raw.h"
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>

#define CALLS 40

static int listener[2];
static long ppid;

static void *asks(void *unused)
{
	int fd = (int)set_only(
		SECCOMP_FILTER_FLAG_NEW_LISTENER, SYS_getppid, SECCOMP_RET_USER_NOTIF);

	must(write(listener[1], &fd, sizeof(fd)));
	for (int i = 0; i < CALLS; i++)
		expect(raw(SYS_getppid) == (i % 2 ? ppid : 5000 + i));
	return unused;
}

int main(void)
{
	pthread_t thread;
	int fd;

	ppid = getppid();
	must(pipe(listener));
	must_zero(pthread_create(&thread, NULL, asks, NULL));
	must(read(listener[0], &fd, sizeof(fd)));
	for (int i = 0; i < CALLS; i++) {
		struct seccomp_notif asked;
		struct seccomp_notif_resp answer = { .val = 5000 + i };

		memset(&asked, 0, sizeof(asked));
		must(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &asked));
		expect(asked.data.nr == SYS_getppid);
		answer.id = asked.id;
		if (i % 2)
			answer = (struct seccomp_notif_resp){ .id = asked.id,
				.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
		must(ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer));
	}
	must_zero(pthread_join(thread, NULL));
	expect(raw(SYS_getppid) == ppid);
	printf("answered %d\n", CALLS);
	return 0;
}
