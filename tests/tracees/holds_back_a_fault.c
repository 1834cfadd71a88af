/* Has sent itself what looks like a fault, and blocks it until stdin ends; then says what it gets.
 * role: attach
 * oracle: no (it waits for its stdin to end)
 */
#define _GNU_SOURCE
#include "must.h"
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	siginfo_t info = { .si_signo = SIGSEGV, .si_code = SEGV_MAPERR, .si_addr = (void *)8 };
	sigset_t set;
	char c;

	sigemptyset(&set);
	sigaddset(&set, SIGSEGV);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	must(syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGSEGV, &info));
	puts("ready");
	fflush(stdout);
	must(read(0, &c, 1));
	must(sigwaitinfo(&set, &info));
	printf("code: %d, at: %ld\n", info.si_code, (long)info.si_addr);
	return 0;
}
