#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/verdict.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <asm/prctl.h>

#include "alter/plan.h"
#include "engine/inline/dispatch.h"
#include "engine/inline/programs.h"
#include "session/record.h"
#include "tables/tables.h"

/* Calls that the tracer must look at before they run. */
static const char *const slow[] = {
	"clone",
	"clone3",
	"fork",
	"vfork", /* where the child goes on must be known; of plain forks the recorder tells: see stops/births.c */
	"rt_sigreturn", /* does not come back; sets the signal mask: FT_RECORDER_RETURN */
	"seccomp",
	"modify_ldt",
	"mlockall", /* see supervise() */
	"unshare",
	"setns",
	"chroot",
	"pivot_root", /* /proc/PID may name another process there */
};

/* And where a process that is not dumpable is closed to it: see dumpable.h. */
static const char *const changes_rights[] = { "setuid", "setgid", "setreuid", "setregid",
	"setresuid", "setresgid", "setfsuid", "setfsgid" };

static void set_slow(struct ft_inline *in, const char *name)
{
	int nr = ft_syscall_number(FT_ABI_X86_64, name);

	if (nr >= 0 && nr < FT_NR_MAX)
		in->slow[nr / 32] |= 1u << nr % 32;
}

void ft_verdict_slow(struct ft_inline *in)
{
	memset(in->slow, 0, sizeof(in->slow));
	for (size_t i = 0; i < sizeof(slow) / sizeof(slow[0]); i++)
		set_slow(in, slow[i]);
	for (size_t i = 0;
		!in->privileged && i < sizeof(changes_rights) / sizeof(changes_rights[0]); i++)
		set_slow(in, changes_rights[i]);
}

/* Calls that run at once where they are no more than plain forks. */
static bool may_fork(uint32_t nr)
{
	return nr == SYS_vfork || nr == SYS_fork || nr == SYS_clone;
}

bool ft_verdict_is_slow(const struct ft_inline *in, uint64_t nr)
{
	return nr >= FT_NR_MAX || in->slow[nr / 32] >> nr % 32 & 1;
}

/* capturing: the code where something is to be captured, too. */
static void set(uint8_t *verdicts, const char *name, uint8_t code, uint8_t capturing)
{
	int nr = ft_syscall_number(FT_ABI_X86_64, name);

	if (nr >= 0 && verdicts[nr] != FT_RECORDER_TRAP)
		verdicts[nr] = verdicts[nr] == FT_RECORDER_CAPTURE ? capturing : code;
}

static void set_table(uint8_t *verdicts, const char *name, uint8_t table)
{
	set(verdicts, name, FT_RECORDER_TABLE + table, FT_RECORDER_TABLE_CAPTURE + table);
}

/* Whether a call that makes a thread can be made by the recorder itself, as another than the program's. */
static bool may_make_thread(const struct ft_session *s, uint32_t nr)
{
	return !ft_plan_has(s->plan, FT_ABI_X86_64, nr) &&
	       !(ft_record_wants(s, FT_ABI_X86_64, nr) &&
		       (ft_programs_at_entry(s, nr) || ft_programs_at_exit(s, nr)));
}

/* A filter might look at the flags of clone(2), which change. */
static void set_births(const struct ft_session *s, struct ft_inline *in, uint8_t *verdicts)
{
	if (may_make_thread(s, SYS_clone3))
		verdicts[SYS_clone3] = FT_RECORDER_BIRTH;
	in->clone_beside_threads = !in->filtered && may_make_thread(s, SYS_clone)
					   ? FT_RECORDER_BIRTH
					   : FT_RECORDER_TRAP;
}

void ft_verdict_table(const struct ft_session *s, struct ft_inline *in, uint8_t *verdicts)
{
	uint8_t *tables = verdicts + FT_RECORDER_VERDICTS;
	bool copies;

	ft_programs_table(s, in, tables);
	/* All numbers from FT_NR_MAX on are looked upon as that one. */
	for (uint32_t nr = 0; nr <= FT_NR_MAX; nr++) {
		bool wanted = ft_record_wants(s, FT_ABI_X86_64, nr);

		if (nr < FT_NR_MAX && ((ft_verdict_is_slow(in, nr) && !may_fork(nr)) ||
					      ft_plan_has(s->plan, FT_ABI_X86_64, nr)))
			verdicts[nr] = FT_RECORDER_TRAP;
		else if (!wanted)
			verdicts[nr] = FT_RECORDER_PASS;
		else if (ft_programs_copied(in, nr))
			verdicts[nr] = FT_RECORDER_CAPTURE;
		else if (ft_programs_at_entry(s, nr) || ft_programs_at_exit(s, nr))
			verdicts[nr] = FT_RECORDER_TRAP; /* the tracer copies */
		else
			verdicts[nr] = FT_RECORDER_RECORD;
	}
	memset(verdicts + FT_NR_MAX, verdicts[FT_NR_MAX], FT_RECORDER_VERDICTS - FT_NR_MAX);
	copies = memchr(verdicts, FT_RECORDER_CAPTURE, FT_NR_MAX);
	/* Recorded even where nobody wants them: what is not wanted is left out later. */
	set(verdicts, "rt_sigprocmask", FT_RECORDER_MASK, FT_RECORDER_CAPTURE);
	if (!ft_plan_has(s->plan, FT_ABI_X86_64, SYS_rt_sigreturn))
		verdicts[SYS_rt_sigreturn] = FT_RECORDER_RETURN;
	set(verdicts, "vfork", FT_RECORDER_RECORD, FT_RECORDER_RECORD);
	set(verdicts, "fork", FT_RECORDER_RECORD, FT_RECORDER_RECORD);
	set(verdicts, "clone", FT_RECORDER_FORK, FT_RECORDER_FORK);
	set_births(s, in, verdicts);
	set_table(verdicts, "rt_sigaction", 0);
	set_table(verdicts, "arch_prctl", 1);
	set_table(verdicts, "prctl", 2);
	memset(tables, 0, FT_RECORDER_TABLES * 256);
	/* Who asks for an action changes nothing, and is answered right: see ft_code_stop_queries(). */
	tables[SIGSYS] = tables[SIGTRAP] = FT_RECORDER_TABLE_UNLESS_NULL;
	if (copies) /* from where a fault of ours may come */
		tables[SIGSEGV] = tables[SIGBUS] = FT_RECORDER_TABLE_UNLESS_NULL;
	tables += 256;
	tables[ARCH_SET_GS & 0xff] = tables[ARCH_GET_GS & 0xff] = 1;
	tables += 256;
	tables[PR_SET_DUMPABLE] = !in->privileged;
	tables[PR_SET_SECCOMP] = tables[PR_SET_TSC] = tables[PR_GET_TSC] = 1;
	tables[FT_DISPATCH_SET] = 1;
	if (!s->python_frames && !(s->options & FT_OPT_PLACES))
		return;
	for (uint32_t nr = 0; nr < FT_VERDICTS_USED; nr++)
		in->stopping[nr] =
			ft_record_wants(s, FT_ABI_X86_64, nr) ? FT_RECORDER_TRAP : verdicts[nr];
	if (s->options & FT_OPT_PLACES)
		memcpy(verdicts, in->stopping, sizeof(in->stopping));
}
#endif
