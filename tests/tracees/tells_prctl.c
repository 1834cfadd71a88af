/*
 * role: named
 * arch: x86_64
 *
 * Settings of a process.
 */
#include "tells.h"
#include <signal.h>
#include <sys/prctl.h>

/* What other architectures have, what must be 0, what is of more bits than there are. */
static void refused(void)
{
	static const int options[] = { PR_GET_UNALIGN, PR_SET_UNALIGN, PR_GET_FPEMU, PR_SET_FPEMU,
		PR_GET_FPEXC, PR_SET_FPEXC, PR_GET_ENDIAN, PR_SET_ENDIAN, PR_SET_FP_MODE,
		PR_GET_FP_MODE, PR_SVE_GET_VL, PR_PAC_RESET_KEYS, PR_SET_PDEATHSIG, PR_SET_TSC,
		PR_MCE_KILL, PR_MCE_KILL_GET, PR_SET_MM, PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS,
		PR_SET_THP_DISABLE, PR_GET_THP_DISABLE, PR_SET_SPECULATION_CTRL, PR_SET_VMA,
		PR_SCHED_CORE, PR_SET_SECCOMP, PR_CAP_AMBIENT };

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		prctl(options[i], -1L, -1L, -1L, -1L);
	prctl(PR_SET_UNALIGN, PR_UNALIGN_SIGBUS);
	prctl(PR_SET_FP_MODE, PR_FP_MODE_FR);
	prctl(PR_SVE_SET_VL, 16);
	prctl(PR_PAC_RESET_KEYS, PR_PAC_APIAKEY | PR_PAC_APDBKEY, 1, 0, 0);
	prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 7, 0);
	prctl(PR_SET_MM, PR_SET_MM_MAP_SIZE, WRONG, 16, 20);
	prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, 0x100);
	prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_L1D_FLUSH, 0x101);
	prctl(PR_SET_VMA, 1, WRONG, 4096, WRONG);
	prctl(PR_SCHED_CORE, 0, 2147483647, 0, WRONG); /* PR_SCHED_CORE_GET */
	for (int i = 1; i < 4; i++)
		prctl(PR_SCHED_CORE, i, 2147483647, i, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 5, 17, 18);
}

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
	refused();
	return 0;
}
