/* Children that destroy what lies where only a tracer's own memory would: what becomes of them is their affair,
 * what becomes of their parent and its other children is not.
 * oracle: no (hostile: what the children still do may depend on the tracer)
 */
#define _GNU_SOURCE
#include "expect.h"
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#define FROM	 ((char *)0x7e9000000000)
#define LENGTH	 0x100000000UL
#define ABOVE	 0x7e0000000000
#define BELOW	 0x7ef000000000 /* where the kernel may put libraries, stacks, mmap */
#define MAPPINGS 64

/* The mappings there which may be written, or by flag all. */
static int foreign(char *from[MAPPINGS], size_t length[MAPPINGS], int all)
{
	unsigned long start, end;
	char line[512], rights[8];
	FILE *f = fopen("/proc/self/maps", "r");
	int n = 0;

	while (f && n < MAPPINGS && fgets(line, sizeof(line), f)) {
		sscanf(line, "%lx-%lx %7s", &start, &end, rights);
		if (start >= ABOVE && start < BELOW && (all || rights[1] == 'w')) {
			from[n] = (char *)start;
			length[n++] = end - start;
		}
	}
	if (f)
		fclose(f);
	return n;
}

static void scribble(int how)
{
	char *from[MAPPINGS];
	size_t length[MAPPINGS];
	int n = foreign(from, length, how >= 2);
	uint64_t random = 88172645463325252 + (uint64_t)how;

	for (int i = 0; i < n; i++) {
		if (how >= 2)
			syscall(SYS_mprotect, from[i], length[i],
				PROT_READ | PROT_WRITE | PROT_EXEC);
		for (size_t j = 0; j < length[i] && j < (1 << 22); j += 8) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			*(uint64_t *)(from[i] + j) = how % 2 ? random : 0;
		}
	}
}

static void calls(void)
{
	char c;

	for (int i = 0; i < 20; i++) {
		getppid();
		access("/does/not/exist", R_OK);
		syscall(SYS_read, -1, &c, 1);
		syscall(SYS_nfsservctl);
	}
	if (!fork())
		_exit(0);
	wait(NULL);
	kill(getpid(), SIGUSR1);
}

static void child(int what)
{
	for (int sig = 1; sig < 32; sig++)
		signal(sig, sig == SIGUSR1 ? SIG_IGN : SIG_DFL);
	if (what < 4)
		scribble(what);
	else if (what == 4)
		munmap(FROM, LENGTH);
	else if (what == 5)
		mmap(FROM, LENGTH, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
	else if (what == 6)
		mprotect(FROM, LENGTH, PROT_NONE);
	else if (what == 7)
		madvise(FROM, LENGTH, MADV_DONTNEED);
	else if (what == 8)
		syscall(SYS_arch_prctl, 0x1001, 0x1000); /* ARCH_SET_GS */
	else
		syscall(SYS_close_range, 0, ~0U, 0);
	calls();
	_exit(0);
}

int main(void)
{
	long pid = getpid(), ppid = getppid();
	int well = 0;

	for (int what = 0; what < 10; what++) {
		struct timespec long_enough = { .tv_sec = 2 };
		pid_t hostile;
		sigset_t chld;

		sigemptyset(&chld);
		sigaddset(&chld, SIGCHLD);
		must(sigprocmask(SIG_BLOCK, &chld, NULL));
		hostile = must(fork());
		if (!hostile)
			child(what);
		if (sigtimedwait(&chld, NULL, &long_enough) == -1)
			kill(hostile, SIGKILL);
		must(waitpid(hostile, NULL, 0));
		for (int i = 0; i < 100; i++) {
			expect(syscall(SYS_getpid) == pid && getppid() == ppid);
			expect(syscall(SYS_nfsservctl) == -1 && errno == ENOSYS);
			expect(access("/does/not/exist", R_OK) == -1 && errno == ENOENT);
		}
		well += in_child(_exit(getppid() == pid ? 7 : 1)) == 7;
		while (sigtimedwait(&chld, NULL, &(struct timespec){ 0 }) == SIGCHLD)
			;
	}
	printf("well: %d\n", well);
	return 0;
}
