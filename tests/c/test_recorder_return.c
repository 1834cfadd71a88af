/* At each instruction by which a handler returns a task can be put back before it, and its record taken back. */
#define _GNU_SOURCE
#include "stepped.h"

#include <ucontext.h>

#define FRAME	(FT_RECORDER_AREAS + 0x38000u)
#define BACK	0x123456789000ull
#define SITE	0x123456780000ull
#define GIVEN	(-4ull) /* what the frame has as rax */
#define BLOCKED (1ull << (SIGUSR1 - 1))

/* A handler's frame, whose registers are those of the task now but for what tells that it has been given back. */
static void make_frame(const struct user_regs_struct *regs)
{
	ucontext_t *uc = (ucontext_t *)FRAME;
	greg_t *to = uc->uc_mcontext.gregs;

	memset(uc, 0, sizeof(*uc));
	to[REG_RAX] = (greg_t)GIVEN;
	to[REG_RBX] = 0x1234;
	to[REG_RSP] = (greg_t)regs->rsp;
	to[REG_RIP] = (greg_t)BACK;
	to[REG_EFL] = 0x202;
	to[REG_CSGSFS] = (greg_t)(regs->cs | regs->ss << 48);
	memcpy(&uc->uc_sigmask, &(uint64_t){ BLOCKED }, sizeof(uint64_t));
}

static struct user_regs_struct before_it(pid_t pid, uint64_t frame)
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, pid, 0, &regs);
	make_frame(&regs);
	regs.rax = SYS_rt_sigreturn;
	regs.orig_rax = (unsigned long long)-1;
	regs.rsp = frame;
	regs.rdi = 1;
	regs.rsi = 2;
	regs.rdx = 3;
	regs.r10 = 4;
	regs.r8 = 5;
	regs.r9 = 6;
	regs.r11 = SITE;
	regs.eflags = 0xcd7;
	regs.gs_base = FT_RECORDER_AREAS;
	regs.rip = ft_recorder_entry(false);
	ptrace(PTRACE_SETREGS, pid, 0, &regs);
	return regs;
}

static int step(pid_t pid, struct user_regs_struct *regs)
{
	int status;

	ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return -1;
	ptrace(PTRACE_GETREGS, pid, 0, regs);
	return WSTOPSIG(status);
}

static void start(unsigned at)
{
	reset(at);
	area->handler = FT_HANDLER_BEGUN | FT_HANDLER_UNKNOWN;
	memset(verdicts, FT_RECORDER_RECORD, FT_RECORDER_VERDICTS);
	verdicts[SYS_rt_sigreturn] = FT_RECORDER_RETURN;
}

/* As the program would have it: in front of its call. */
static void check_undone(const struct user_regs_struct *regs, const struct user_regs_struct *first)
{
	struct user_regs_struct undone = *regs;
	uint64_t ret = 0;

	const struct ft_raw raw = record_at(area->cur);

	CHECK_EQ(ft_recorder_undo(&undone, area, &raw, &ret), FT_NOT_BEGUN);
	CHECK_EQ(ret, SITE);
	CHECK(is_kept(&undone, first));
	CHECK_EQ(undone.rax, SYS_rt_sigreturn);
}

static void test_each_step(pid_t pid)
{
	const uint64_t cur = FT_RECORDER_AREAS + HEAD;
	struct ft_raw raw;
	struct user_regs_struct first, regs;
	uint64_t mask = 0;
	int steps = 0, told = 0;

	start(HEAD);
	regs = first = before_it(pid, FRAME);
	for (; regs.rip != BACK && steps < 200; steps++) {
		bool leaves = ft_recorder_is_returning(regs.rip);

		CHECK_EQ(area->cur, leaves ? cur + SIZE : cur);
		CHECK(area->handler || ft_recorder_sets_mask(regs.rip));
		CHECK(area->mask == 0 || ft_recorder_sets_mask(regs.rip));
		told += leaves;
		check_undone(&regs, &first);
		if (step(pid, &regs) != SIGTRAP)
			break;
	}
	CHECK_EQ(regs.rip, BACK);
	CHECK_EQ(regs.rax, GIVEN);
	CHECK_EQ(regs.rbx, 0x1234);
	CHECK_EQ(told, 1);
	CHECK(steps > 30);
	CHECK_EQ(area->cur, cur + SIZE);
	CHECK_EQ(area->handler, 0);
	CHECK_EQ(area->mask, BLOCKED);
	raw = record_at(cur);
	CHECK_EQ(raw.nr, SYS_rt_sigreturn | (brief ? FT_BRIEF_MARK : 0));
	CHECK_EQ((uint64_t)raw.ret, GIVEN);
	CHECK_EQ(brief ? raw.args[0] : raw.mask, BLOCKED);
	CHECK_EQ(raw.frame, FRAME);
	CHECK(raw.start && raw.start == raw.end);
	ptrace(PTRACE_GETSIGMASK, pid, sizeof(mask), &mask);
	CHECK_EQ(mask, BLOCKED);
	check_group("before a handler returns it can be put back at each instruction");
}

/* Runs to the trap before the call, by way of a fault or not. */
static void check_traps(pid_t pid, unsigned at, uint64_t frame, int faults)
{
	struct user_regs_struct first, regs;
	uint64_t on;
	int sig;

	start(at);
	regs = first = before_it(pid, frame);
	while ((sig = step(pid, &regs)) == SIGTRAP &&
		ft_recorder_trap_at(regs.rip) != FT_TRAP_VERDICT)
		continue;
	if (sig == SIGSEGV && ft_recorder_fault(regs.rip, &on)) {
		faults--;
		regs.rip = on;
		ptrace(PTRACE_SETREGS, pid, 0, &regs);
		while (step(pid, &regs) == SIGTRAP &&
			ft_recorder_trap_at(regs.rip) != FT_TRAP_VERDICT)
			continue;
	}
	CHECK_EQ(faults, 0);
	CHECK_EQ(ft_recorder_trap_at(regs.rip), FT_TRAP_VERDICT);
	CHECK(is_kept(&regs, &first));
	CHECK_EQ(regs.rax, SYS_rt_sigreturn);
	CHECK_EQ(area->cur, FT_RECORDER_AREAS + at);
	CHECK_EQ(area->handler, FT_HANDLER_BEGUN | FT_HANDLER_UNKNOWN);
	CHECK_EQ(area->ret, SITE);
}

int main(void)
{
	pid_t pid;

	if (set_up() < 0) {
		perror("mmap");
		return 1;
	}
	pid = stopped_child();
	for (int i = 0; i < 2; i++) {
		set_brief(i);
		test_each_step(pid);
		check_traps(pid, FT_BLOCK - SIZE, FRAME, 0);
		check_group("the last record of a block is the tracer's");
		check_traps(pid, HEAD, 0x1000, 1);
		check_traps(pid, HEAD, FT_RECORDER_AREAS + AREA - 200, 1);
		check_group("a frame that cannot be read is the tracer's");
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return check_result();
}
