/* Reads stdin under filters that it installed before, and calls what they deny; a second thread has one more. Tells how
 * often all was denied. With an argument one of them would kill for munmap.
 * role: attach
 * arch: x86_64
 * counted: no (its filter keeps calls from being made)
 * oracle: no (how far its thread comes is a matter of time)
 */
#define _GNU_SOURCE
#include "expect.h"
#include "filter.h"
#include "raw.h"
#include <pthread.h>

static int go[2];

static void *body(void *unused)
{
	char c;

	set_only(0, SYS_getgid, SECCOMP_RET_ERRNO | 102);
	while (read(go[0], &c, 1) == 1)
		expect(raw(SYS_getuid) == -101 && raw(SYS_getgid) == -102);
	return unused;
}

int main(int argc, char **argv)
{
	const gid_t gid = getgid();
	int denied = 0;
	pthread_t t;
	char c;

	(void)argv;
	must(pipe(go));
	set_only(0, SYS_getuid, SECCOMP_RET_ERRNO | 101);
	if (argc > 1)
		set_only(0, SYS_munmap, SECCOMP_RET_KILL_PROCESS);
	must_zero(pthread_create(&t, NULL, body, NULL));
	must(write(1, "ready\n", 6));
	while (must(read(0, &c, 1)) == 1) {
		must(write(go[1], "x", 1));
		denied += raw(SYS_getuid) == -101 && raw(SYS_getgid) == gid;
		denied += in_child(expect(raw(SYS_getuid) == -101)) == 0;
		if (c == '\n')
			dprintf(1, "%d\n", denied);
	}
	return 0;
}
