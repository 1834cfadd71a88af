/* Attacks whoever traces it: argument 1 is an attack of the table below, or "all" for a mixture; argument 2 a seed.
 * Each comes in children that make calls in several threads meanwhile and may die of what they do. They are all gone
 * at the end, which is 0.
 * role: enemy
 * arch: x86_64
 * build: -mfsgsbase -w
 * args: all 1
 */
#define _GNU_SOURCE
#include "attacks_births.h"
#include "attacks_memory.h"
#include "attacks_registers.h"
#include "attacks_settings.h"
#include "attacks_signals.h"
#include <poll.h>

#define CHILDREN 6
#define STEPS	 8

static const struct {
	const char *name;
	void (*step)(void);
} attacks[] = { { "unmap", unmap }, { "protect", protect }, { "advise", advise }, { "move", move },
	{ "scribble", scribble }, { "poke", poke }, { "watch", watch }, { "take_vdso", take_vdso },
	{ "crowd", crowd }, { "odd_paths", odd_paths }, { "own_text", own_text },
	{ "swap_gs", swap_gs }, { "lose_gs", lose_gs }, { "odd_fs", odd_fs },
	{ "odd_selectors", odd_selectors }, { "odd_stack", odd_stack },
	{ "forge_frame", forge_frame }, { "restartable", restartable }, { "other_abi", other_abi },
	{ "dispose", dispose }, { "odd_actions", odd_actions }, { "mask", mask },
	{ "other_stack", other_stack }, { "storm", storm }, { "forge_info", forge_info },
	{ "raise_ours", raise_ours }, { "stop", stop }, { "thread", thread }, { "forks", forks },
	{ "burst", burst }, { "vforks", vforks }, { "clones", clones },
	{ "exec_races", exec_races }, { "bad_execs", bad_execs }, { "grab", grab },
	{ "close_all", close_all }, { "limit", limit }, { "dumpable", dumpable }, { "name", name },
	{ "wall", wall }, { "walls", walls }, { "namespaces", namespaces }, { "rights", rights },
	{ "processor", processor }, { "traces", traces } };

enum { ATTACKS = sizeof(attacks) / sizeof(attacks[0]) };

static int chosen = -1; /* -1: all */

/* A different instruction for each i, which is new when it is reached. */
static void new_site(int i)
{
	switch (i) {
#define SITE(n)                                                                                    \
	case n:                                                                                    \
		raw(SYS_getppid);                                                                  \
		break;
#define SITES(n)                                                                                   \
	SITE(n) SITE(n + 1) SITE(n + 2) SITE(n + 3) SITE(n + 4) SITE(n + 5) SITE(n + 6) SITE(n + 7)
		SITES(0) SITES(8) SITES(16) SITES(24) SITES(32) SITES(40) SITES(48) SITES(56)
	}
}

static volatile int over;

/* The program that is disturbed: calls, paths, sites that are new. */
static void *works(void *arg)
{
	char text[64];

	for (int i = 0; i < 200 && !over; i++) {
		int fd = open("/etc/hostname", O_RDONLY | O_CLOEXEC);

		new_site((int)(long)arg * 24 + i % 24);
		read(fd, text, sizeof(text));
		close(fd);
		access("/does/not/exist", R_OK);
		if (i % 16 == 0)
			thread();
	}
	return arg;
}

static void attack(uint64_t which)
{
	pthread_t t[2];

	seed = which;
	for (long i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, works, (void *)i);
	for (int i = 0; i < STEPS; i++) {
		attacks[chosen < 0 ? below(ATTACKS) : (unsigned)chosen].step();
		forks();
		new_site(48 + i);
	}
	over = 1;
	_exit(0);
}

/*
 * Its end, which may have to be made: in some calls (userfaultfd(2)) a traced task waits for ever, and hears of nothing
 * but SIGKILL. Who stops is continued: that is not what is tried. Whoever it leaves behind goes with it.
 */
static void see_off(pid_t child)
{
	struct pollfd end = { .fd = (int)syscall(SYS_pidfd_open, child, 0), .events = POLLIN };

	for (int tenths = 0; tenths < 10 * LIMIT_S && poll(&end, 1, 100) == 0; tenths++) {
		int status;

		if (waitpid(child, &status, WUNTRACED | WNOHANG) == child && WIFSTOPPED(status))
			kill(-child, SIGCONT);
	}
	kill(-child, SIGKILL);
	waitpid(child, NULL, 0);
	close(end.fd);
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;

	own_argv = argv;
	for (int i = 0; argc > 1 && i < ATTACKS; i++)
		if (!strcmp(argv[1], attacks[i].name))
			chosen = i;
	if (argc > 1 && !strcmp(argv[1], "names")) {
		for (int i = 0; i < ATTACKS; i++)
			puts(attacks[i].name);
		return 0;
	}
	if (argc < 2 || (chosen < 0 && strcmp(argv[1], "all")))
		return 2;
	for (uint64_t i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();

		if (!pid) {
			setpgid(0, 0);
			attack((first * CHILDREN + i) * 0x9e3779b97f4a7c15);
		}
		if (pid < 0)
			return 3;
		setpgid(pid, pid);
		see_off(pid);
	}
	return 0;
}
