/*
 * role: named
 * arch: x86_64
 *
 * Settings of a process.
 */
#include "tells.h"
#include <signal.h>
#include <sys/prctl.h>

int main(void)
{
	char name[16];
	int number;

	prctl(PR_SET_NAME, "a name that is longer");
	prctl(PR_GET_NAME, name);
	prctl(PR_SET_NAME, WRONG);
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	prctl(PR_GET_PDEATHSIG, &number);
	prctl(PR_SET_PDEATHSIG, 0);
	prctl(PR_GET_DUMPABLE);
	prctl(PR_SET_DUMPABLE, 77);
	prctl(PR_GET_KEEPCAPS);
	prctl(PR_SET_KEEPCAPS, 7);
	prctl(PR_GET_TIMERSLACK);
	prctl(PR_SET_TIMERSLACK, 50000);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	prctl(PR_GET_CHILD_SUBREAPER, &number);
	prctl(PR_CAPBSET_READ, 5);
	prctl(PR_CAPBSET_READ, 500);
	prctl(PR_GET_SECUREBITS);
	prctl(PR_GET_SECCOMP);
	prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 7, 0, 0, 0);
	prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0);
	prctl(PR_GET_TIMING);
	prctl(9999, 1, 2, 3, 4);
	return 0;
}
