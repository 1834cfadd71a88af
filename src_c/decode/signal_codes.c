#define _GNU_SOURCE
#include "decode/signal_codes.h"

#include <signal.h>

#include "decode/families.h"

/* Codes that mean something of their own for one signal, from 1: sigaction(2). */
static const char *const segv[] = { "SEGV_MAPERR", "SEGV_ACCERR", "SEGV_BNDERR", "SEGV_PKUERR",
	"SEGV_ACCADI", "SEGV_ADIDERR", "SEGV_ADIPERR", "SEGV_MTEAERR", "SEGV_MTESERR" };
static const char *const bus[] = { "BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR",
	"BUS_MCEERR_AO" };
static const char *const ill[] = { "ILL_ILLOPC", "ILL_ILLOPN", "ILL_ILLADR", "ILL_ILLTRP",
	"ILL_PRVOPC", "ILL_PRVREG", "ILL_COPROC", "ILL_BADSTK", "ILL_BADIADDR" };
static const char *const fpe[] = { "FPE_INTDIV", "FPE_INTOVF", "FPE_FLTDIV", "FPE_FLTOVF",
	"FPE_FLTUND", "FPE_FLTRES", "FPE_FLTINV", "FPE_FLTSUB" };
static const char *const trap[] = { "TRAP_BRKPT", "TRAP_TRACE", "TRAP_BRANCH", "TRAP_HWBKPT",
	"TRAP_UNK", "TRAP_PERF" };
static const char *const chld[] = { "CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED",
	"CLD_STOPPED", "CLD_CONTINUED" };
static const char *const poll[] = { "POLL_IN", "POLL_OUT", "POLL_MSG", "POLL_ERR", "POLL_PRI",
	"POLL_HUP" };
static const char *const sys[] = { "SYS_SECCOMP", "SYS_USER_DISPATCH" };

#define CODES(signal, names) [signal] = { names, sizeof(names) / sizeof((names)[0]) }

static const struct {
	const char *const *names;
	int32_t count;
} codes[] = {
	CODES(SIGSEGV, segv),
	CODES(SIGBUS, bus),
	CODES(SIGILL, ill),
	CODES(SIGFPE, fpe),
	CODES(SIGTRAP, trap),
	CODES(SIGCHLD, chld),
	CODES(SIGIO, poll),
	CODES(SIGSYS, sys),
};

void ft_put_signal_code(struct ft_text *text, uint32_t number, int32_t code)
{
	const struct ft_member *m = ft_member_of(&ft_sets[FT_SET_SIGINFO_CODE], (uint32_t)code);

	if (code > 0 && number < sizeof(codes) / sizeof(codes[0]) && code <= codes[number].count) {
		ft_puts(text, codes[number].names[code - 1]);
	} else if (m) {
		ft_put(text, m->name, m->length);
	} else {
		ft_put_hex(text, (uint32_t)code);
	}
}
