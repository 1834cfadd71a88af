/*
 * A socket that a child holds locked while it sends what lies in a page that nobody brings (userfaultfd(2)); then an
 * execve, at which all descriptors are looked up.
 * role: enemy
 */
#define _GNU_SOURCE
#include "must.h"
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void send_for_ever(int sock, int faults)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(prctl(PR_SET_PDEATHSIG, SIGKILL));
	must(ioctl(faults, UFFDIO_API, &api));
	range.range.start = (long)page;
	range.range.len = 4096;
	must(ioctl(faults, UFFDIO_REGISTER, &range));
	must(send(sock, page, 4096, 0));
}

/* proc_pid_syscall(5): whether it is in that call by now. */
static int is_sending(pid_t child)
{
	char path[64], text[64] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/syscall", child);
	fd = must(open(path, O_RDONLY));
	must(read(fd, text, sizeof(text) - 1));
	close(fd);
	return atoi(text) == SYS_sendto;
}

int main(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET };
	socklen_t length = sizeof(here);
	int server = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	int sock = must(socket(AF_INET, SOCK_STREAM, 0)), faults;
	pid_t child;

	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(server, (struct sockaddr *)&here, sizeof(here)));
	must(listen(server, 1));
	must(getsockname(server, (struct sockaddr *)&here, &length));
	must(connect(sock, (struct sockaddr *)&here, sizeof(here)));
	child = must(fork());
	if (!child) {
		faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
		if (faults >= 0)
			send_for_ever(sock, faults);
		_exit(0); /* sysctl vm.unprivileged_userfaultfd */
	}
	while (!waitpid(child, NULL, WNOHANG) && !is_sending(child))
		usleep(1000);
	execl("/bin/true", "true", NULL);
	return 1;
}
