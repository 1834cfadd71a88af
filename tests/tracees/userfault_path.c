/* Opens a path in a page that is not there until another thread has made a call and fills it; with an argument it installs
 * a seccomp filter that is there.
 * role: enemy
 */
#define _GNU_SOURCE
#include "must.h"
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fd;
static char *page;
static char source[4096] __attribute__((aligned(4096))) = "/dev/null";

static void *fill(void *arg)
{
	struct uffd_msg fault;
	struct uffdio_copy copy = { .dst = (long)page, .src = (long)source, .len = sizeof(source) };

	must(read(fd, &fault, sizeof(fault)));
	getppid();
	must(ioctl(fd, UFFDIO_COPY, &copy));
	return arg;
}

static void install(void)
{
	struct sock_fprog program = { 1, (struct sock_filter *)page };

	*(struct sock_filter *)source =
		(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

int main(int argc, char **argv)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	pthread_t thread;

	fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (fd < 0)
		return 77; /* sysctl vm.unprivileged_userfaultfd */
	must(ioctl(fd, UFFDIO_API, &api));
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range.range.start = (long)page;
	range.range.len = 4096;
	must(ioctl(fd, UFFDIO_REGISTER, &range));
	must_zero(pthread_create(&thread, NULL, fill, NULL));
	(void)argv;
	if (argc > 1)
		install();
	else
		must(open(page, O_RDONLY));
	must_zero(pthread_join(thread, NULL));
	puts("opened");
	return 0;
}
