/* Low limits on memory, descriptors, file size, stack and locked memory, which it and what it execs live within.
 */
#define _GNU_SOURCE
#include "expect.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static void limit(int what, rlim_t to)
{
	struct rlimit now;

	must(getrlimit(what, &now));
	now.rlim_cur = to < now.rlim_max ? to : now.rlim_max;
	must(setrlimit(what, &now));
}

static rlim_t memory_now(void)
{
	unsigned long pages;
	FILE *f = fopen("/proc/self/statm", "r");

	expect(f && fscanf(f, "%lu", &pages) == 1);
	fclose(f);
	return pages * 4096;
}

static void *run(void *arg)
{
	return arg;
}

static void calls(void)
{
	long ppid = getppid();
	pthread_attr_t attr;
	pthread_t t;

	for (int i = 0; i < 20; i++)
		expect(getppid() == ppid && syscall(SYS_nfsservctl) == -1 &&
			access("/", R_OK) == 0);
	expect(in_child(_exit(getppid() == ppid)) == 0);
	must_zero(pthread_attr_init(&attr));
	must_zero(pthread_attr_setstacksize(&attr, 256 << 10));
	must_zero(pthread_create(&t, &attr, run, NULL));
	must_zero(pthread_join(t, NULL));
}

static void calls_and_execs(const char *what)
{
	calls();
	expect(in_child(execl("/proc/self/exe", "rlimits", what, NULL)) == 42);
}

static void memory(void)
{
	limit(RLIMIT_AS, memory_now() + (8 << 20));
	expect(mmap(NULL, 9 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	must(munmap(
		must(mmap(NULL, 4 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)), 4 << 20));
	calls_and_execs("memory");
}

static void files(void)
{
	int opened = 0;

	must((int)syscall(SYS_close_range, 3, ~0U, 0));
	limit(RLIMIT_NOFILE, 16);
	while (open("/dev/null", O_RDONLY) >= 0)
		opened++;
	expect(errno == EMFILE && opened == 13);
	must(close(15)); /* for the loader's libraries */
	calls_and_execs("files");
}

static void size(void)
{
	char text[8192] = "";
	int fd = must(memfd_create("file", 0));

	limit(RLIMIT_FSIZE, 4096);
	signal(SIGXFSZ, SIG_IGN);
	expect(write(fd, text, sizeof(text)) == 4096);
	expect(write(fd, text, 1) == -1 && errno == EFBIG);
	calls_and_execs("size");
}

static void stack(rlim_t to)
{
	limit(RLIMIT_STACK, to);
	calls_and_execs("stack");
}

static void locked(void)
{
	struct rlimit most = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_MEMLOCK, &most);
	if (mlockall(MCL_CURRENT | MCL_FUTURE) && errno != ENOMEM && errno != EPERM)
		exit(1);
	calls();
	munlockall();
	calls_and_execs("locked");
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		calls();
		return argv[1][0] ? 42 : 1;
	}
	printf("memory %d\n", in_child(memory()));
	printf("files %d\n", in_child(files()));
	printf("size %d\n", in_child(size()));
	printf("small stack %d\n", in_child(stack(256 << 10)));
	printf("any stack %d\n", in_child(stack(RLIM_INFINITY)));
	printf("locked %d\n", in_child(locked()));
	return 0;
}
