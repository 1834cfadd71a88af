/* Of calls that make a child some fail and some do not, in turn: each child goes on behind its own. */
#define _GNU_SOURCE
#include "expect.h"
#include <sched.h>
#include <sys/syscall.h>

int main(void)
{
	for (int i = 0; i < 4; i++) {
		pid_t pid;

		expect(syscall(SYS_clone3, NULL, 0) == -1 && errno == EINVAL);
		pid = must(vfork());
		if (!pid)
			_exit(10 + i);
		expect(end_of(pid) == 10 + i);
		expect(syscall(SYS_clone, CLONE_THREAD, NULL, NULL, NULL, 0) == -1);
		expect(errno == EINVAL);
		pid = must(fork());
		if (!pid)
			_exit(20 + i);
		expect(end_of(pid) == 20 + i);
	}
	return 0;
}
