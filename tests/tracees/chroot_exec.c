/* Execs a copy of itself where there is no /proc, no library and no way out, as nobody, and in namespaces of its own;
 * where that is not permitted it has nothing to do.
 * build: -static
 */
#define _GNU_SOURCE
#include "expect.h"
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static char root[64], copy[80];

static void calls(void)
{
	long ppid = getppid();

	for (int i = 0; i < 10; i++) {
		expect(getppid() == ppid && syscall(SYS_nfsservctl) == -1);
		expect(access("/proc/self", R_OK) == -1 && access("/copy", X_OK) == 0);
	}
	expect(in_child(_exit(syscall(SYS_getppid) == getppid() ? 7 : 1)) == 7);
}

static int in_there(void)
{
	expect(chdir("/") == 0);
	calls();
	return in_child(execl("/copy", "copy", "again", NULL));
}

static int chrooted(int nobody)
{
	if (chroot(root))
		return errno == EPERM ? 42 : 1;
	if (nobody && (setgid(65534) || setuid(65534)))
		return errno == EPERM || errno == EINVAL ? 42 : 2;
	return in_there();
}

static int unshared(void)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID) || chroot(root))
		return 42;
	/* The first process there. */
	return in_child(expect(getpid() == 1); _exit(in_there()));
}

static int nobody_execs(void)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (setgid(65534) || setuid(65534))
		return 0;
	expect(in_child(expect(getppid() > 0)) == 0);
	return in_child(execl("/bin/true", "true", NULL); _exit(errno));
}

int main(int argc, char **argv)
{
	struct stat st;
	int from, to;

	if (argc > 1) {
		calls();
		return strcmp(argv[1], "again") ? 1 : 42;
	}
	snprintf(root, sizeof(root), "/tmp/chroot_exec.%d", getpid());
	snprintf(copy, sizeof(copy), "%s/copy", root);
	must(mkdir(root, 0755));
	must(chmod(root, 0755)); /* whatever the mask */
	from = must(open("/proc/self/exe", O_RDONLY));
	to = must(open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755));
	must(fstat(from, &st));
	for (off_t at = 0; at < st.st_size;)
		must(sendfile(to, from, &at, (size_t)(st.st_size - at)));
	must(fchmod(to, 0755));
	must(close(to));
	printf("root %d\n", in_child(_exit(chrooted(0))));
	printf("nobody %d\n", in_child(_exit(chrooted(1))));
	printf("unshared %d\n", in_child(_exit(unshared())));
	printf("nobody execs %d\n", in_child(_exit(nobody_execs())));
	must(unlink(copy));
	must(rmdir(root));
	return 0;
}
