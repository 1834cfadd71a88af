/* Reads again and again in a signal handler, whose mask is not known before it is looked at.
 */
#define _GNU_SOURCE
#include "must.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

static int zero;

static void handler(int sig)
{
	char buf[8];

	(void)sig;
	for (int i = 0; i < 1000; i++)
		must(read(zero, buf, sizeof(buf)));
}

int main(void)
{
	struct sigaction action = { .sa_handler = handler };

	zero = must(open("/dev/zero", O_RDONLY));
	must(memfd_create("begin", 0));
	sigfillset(&action.sa_mask);
	sigdelset(&action.sa_mask, SIGSEGV);
	sigdelset(&action.sa_mask, SIGBUS);
	must(sigaction(SIGUSR1, &action, NULL));
	must(raise(SIGUSR1));
	return 0;
}
