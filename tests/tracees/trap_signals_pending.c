/* Has SIGSYS and SIGTRAP blocked and pending for itself while it makes calls it has not made before, takes both
 * with sigtimedwait, and ends well.
 */
#define _GNU_SOURCE
#include "must.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
	const int signals[] = { SIGSYS, SIGTRAP };
	struct timespec at_once = { 0 };
	struct rusage usage;
	sigset_t set, now;

	sigemptyset(&set);
	for (int i = 0; i < 2; i++)
		sigaddset(&set, signals[i]);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	for (int i = 0; i < 2; i++)
		must(raise(signals[i]));
	for (int i = 0; i < 3; i++) {
		must(getppid());
		must(getpgid(0));
		must(getrusage(RUSAGE_SELF, &usage));
		must(getsid(0));
		must((int)syscall(SYS_getuid));
		must(sigpending(&now));
		printf("%d%d", sigismember(&now, SIGSYS), sigismember(&now, SIGTRAP));
		must(sigprocmask(SIG_BLOCK, NULL, &now));
		printf("%d%d\n", sigismember(&now, SIGSYS), sigismember(&now, SIGTRAP));
	}
	for (int i = 0; i < 2; i++) {
		siginfo_t info;

		printf("%d", sigtimedwait(&set, &info, &at_once));
		printf(" %d\n", info.si_code);
	}
	return 0;
}
