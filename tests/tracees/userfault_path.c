/* Opens a path in a page that is not there until another thread has made a call and fills it.
 * role: enemy
 */
#define _GNU_SOURCE
#include "must.h"
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
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

int main(void)
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
	must(open(page, O_RDONLY));
	must_zero(pthread_join(thread, NULL));
	puts("opened");
	return 0;
}
