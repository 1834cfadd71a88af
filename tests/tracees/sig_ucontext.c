/* A timer's signals over calls made in turn by the program and by libc: each handler finds its interrupted
 * instruction in their text, the stack pointer in the stack, and the mask as it was.
 * oracle: no (where the signals come is a matter of time)
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "expect.h"
#include "raw.h"
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/time.h>
#include <ucontext.h>

#define SIGNALS 300

static struct range {
	unsigned long from, to;
} text[32], stack;
static int ranges;
static volatile int count, bad_rip, bad_rsp, bad_mask, bad_flags;

static bool within(unsigned long address, const struct range *range)
{
	return address >= range->from && address < range->to;
}

static void read_maps(void)
{
	char line[512], exe[256] = "", rights[8], path[256];
	FILE *f = fopen("/proc/self/maps", "r");

	expect(f && readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	while (fgets(line, sizeof(line), f)) {
		struct range r;
		const char *base;

		path[0] = 0;
		sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &r.from, &r.to, rights, path);
		base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
		if (!strcmp(path, "[stack]"))
			stack = (struct range){ r.to - (8 << 20), r.to };
		if (rights[2] != 'x' || ranges == 32)
			continue;
		if (!strcmp(path, exe) || !strncmp(base, "libc", 4) || !strncmp(base, "ld-", 3) ||
			!strcmp(path, "[vdso]") || !strcmp(path, "[vsyscall]"))
			text[ranges++] = r;
	}
	fclose(f);
}

static void set_timer(void)
{
	must(setitimer(ITIMER_REAL, &(struct itimerval){ .it_value.tv_usec = 200 }, NULL));
}

static void handler(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	unsigned long rip = (unsigned long)uc->uc_mcontext.gregs[REG_RIP];
	int i;

	(void)info;
	for (i = 0; i < ranges && !within(rip, &text[i]); i++)
		;
	if (i == ranges && !bad_rip++)
		dprintf(1, "rip %lx\n", rip);
	bad_rsp += !within((unsigned long)uc->uc_mcontext.gregs[REG_RSP], &stack);
	bad_rsp += !within((unsigned long)&i, &stack);
	bad_mask += *(unsigned long *)&uc->uc_sigmask != 1UL << (SIGUSR2 - 1);
	bad_flags += !(uc->uc_mcontext.gregs[REG_EFL] & 0x200) || sig != SIGALRM;
	if (++count < SIGNALS)
		set_timer();
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART };
	long pid = getpid(), ppid = getppid(), uid = getuid();
	sigset_t usr2;

	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	must(sigprocmask(SIG_BLOCK, &usr2, NULL));
	read_maps();
	must(sigaction(SIGALRM, &sa, NULL));
	set_timer();
	while (count < SIGNALS) {
		for (int i = 0; i < 10; i++) {
			expect(raw(SYS_getppid) == ppid);
			expect(raw(SYS_getuid) == uid);
		}
		expect(getpid() == pid);
		expect(syscall(SYS_getppid) == ppid);
		expect(access("/does/not/exist", R_OK) == -1);
		expect(raw(SYS_nfsservctl) == -ENOSYS);
	}
	printf("%d signals; wrong: %d rip, %d rsp, %d mask, %d flags\n", count, bad_rip, bad_rsp,
		bad_mask, bad_flags);
	return 0;
}
