/* Calls whose arguments and results most programs have: see decoded.h. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "decoded.h"

static void files(void)
{
	static const char name[] = "a file", other[] = "b\n\"\\\1\377\t1", missing[] = "missing/x";
	static const char long_name[] = "0123456789012345678901234567890123456789";
	static char buffer[256];
	struct stat st[2]; /* more than the largest of i386 */
	struct statx stx;
	struct statfs sfs;
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS };
	struct iovec iov[3] = { { "one", 3 }, { "", 0 }, { "three", 5 } };
	struct iovec in[2] = { { buffer, 4 }, { buffer + 8, 100 } };
	struct timespec times[2] = { { 1, 2 }, { 0, UTIME_OMIT } };
	struct utimbuf ut = { 1, 2 };
	struct timeval tv[2] = { { 1, 2 }, { 3, 4 } };
	int fds[2];
	long fd;

	fd = CALL(openat, ARGS(AT_FDCWD, A(name), O_RDWR | O_CREAT | O_TRUNC, 0640), S(name));
	CALL(openat, ARGS(AT_FDCWD, A(name), O_WRONLY | O_APPEND | O_NONBLOCK | O_SYNC), S(name));
	CALL(openat, ARGS(AT_FDCWD, A(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW), S(name));
	CALL(openat, ARGS(-1, A(missing), 3 | O_PATH | 0x40000000), S(missing));
	CALL(openat, ARGS(7777, A(bad), O_TMPFILE | O_RDWR, 0), S(name));
	CALL(open, ARGS(A(other), O_CREAT | O_EXCL, 04755), S(other));
	CALL(openat2, ARGS(AT_FDCWD, A(name), A(&how), sizeof(how)), S(name), M(how));
	CALL(creat, ARGS(A(long_name), 0), S(long_name));
	CALL(write, ARGS(fd, A(long_name), sizeof(long_name)), S(long_name));
	CALL(write, ARGS(fd, A(long_name), 32), S(long_name));
	CALL(write, ARGS(fd, A("\0001\0\12x"), 5), { "\0001\0\12x", 5 });
	PLAIN(write, fd, A(bad), 5);
	PLAIN(write, fd, 0, 0);
	CALL(writev, ARGS(fd, A(iov), 3), M(iov), { "one", 3 }, { "three", 5 });
	CALL(pwrite64, ARGS(fd, A("xy"), 2, 1L << 33), { "xy", 2 });
	PLAIN(lseek, fd, -5, SEEK_END);
	PLAIN(lseek, fd, 0, SEEK_SET);
	PLAIN(lseek, fd, 0, 77);
	CALL(read, ARGS(fd, A(buffer), 10), M(buffer));
	CALL(read, ARGS(-1, A(buffer), 10), M(buffer));
	CALL(readv, ARGS(fd, A(in), 2), M(in), M(buffer));
	CALL(pread64, ARGS(fd, A(buffer), 100, 3), M(buffer));
	CALL(stat, ARGS(A(name), A(st)), S(name), M(st));
	CALL(lstat, ARGS(A("."), A(st)), { ".", 2 }, M(st));
	CALL(stat, ARGS(A("/dev/null"), A(st)), { "/dev/null", 10 }, M(st));
	CALL(stat, ARGS(A(missing), A(st)), S(missing), M(st));
	CALL(fstat, ARGS(fd, A(st)), M(st));
	CALL(newfstatat, ARGS(fd, A(""), A(st), AT_EMPTY_PATH), { "", 1 }, M(st));
	CALL(statx, ARGS(AT_FDCWD, A(name), AT_STATX_DONT_SYNC, STATX_BASIC_STATS, A(&stx)),
		S(name), M(stx));
	CALL(statfs, ARGS(A("/proc"), A(&sfs)), { "/proc", 6 }, M(sfs));
	CALL(access, ARGS(A(name), F_OK), S(name));
	CALL(access, ARGS(A(name), R_OK | X_OK), S(name));
	CALL(faccessat, ARGS(AT_FDCWD, A(name), 64), S(name));
	CALL(faccessat2, ARGS(AT_FDCWD, A(name), W_OK, AT_EACCESS), S(name));
	CALL(chmod, ARGS(A(name), 0), S(name));
	CALL(chmod, ARGS(A(name), 06777), S(name));
	CALL(fchmodat, ARGS(AT_FDCWD, A(name), 07), S(name));
	CALL(fchownat, ARGS(AT_FDCWD, A(name), -1, -1, AT_SYMLINK_NOFOLLOW), S(name));
	CALL(utimensat, ARGS(AT_FDCWD, A(name), 0, 0), S(name));
	CALL(mkdir, ARGS(A("d"), 0755), { "d", 2 });
	CALL(mkdirat, ARGS(AT_FDCWD, A("d"), 01777), { "d", 2 });
	CALL(rmdir, ARGS(A("d")), { "d", 2 });
	CALL(symlink, ARGS(A(name), A("l")), S(name), { "l", 2 });
	CALL(readlink, ARGS(A("l"), A(buffer), sizeof(buffer)), { "l", 2 }, M(buffer));
	CALL(link, ARGS(A(name), A("h")), S(name), { "h", 2 });
	CALL(linkat, ARGS(AT_FDCWD, A("h"), AT_FDCWD, A("h2"), AT_SYMLINK_FOLLOW), { "h", 2 },
		{ "h2", 3 });
	CALL(rename, ARGS(A("h"), A("h3")), { "h", 2 }, { "h3", 3 });
	CALL(renameat2, ARGS(AT_FDCWD, A("h3"), AT_FDCWD, A("h2"), RENAME_NOREPLACE), { "h3", 3 },
		{ "h2", 3 });
	CALL(unlink, ARGS(A("h3")), { "h3", 3 });
	CALL(unlinkat, ARGS(AT_FDCWD, A("h2"), 0), { "h2", 3 });
	CALL(unlinkat, ARGS(AT_FDCWD, A("l"), AT_REMOVEDIR), { "l", 2 });
	CALL(mknod, ARGS(A("fifo"), S_IFIFO | 0600, 0), { "fifo", 5 });
	CALL(mknodat, ARGS(-1, A("dev"), S_IFCHR | 0600, 0x103), { "dev", 4 });
	CALL(truncate, ARGS(A(name), 5), S(name));
	PLAIN(ftruncate, fd, -1);
	PLAIN(fallocate, fd, FALLOC_FL_KEEP_SIZE, 0, 4096);
	PLAIN(fadvise64, fd, 0, 100, POSIX_FADV_SEQUENTIAL);
	PLAIN(flock, fd, LOCK_EX | LOCK_NB);
	PLAIN(umask, 0);
	PLAIN(umask, 022);
	CALL(getcwd, ARGS(A(buffer), sizeof(buffer)), M(buffer));
	PLAIN(getcwd, A(buffer), 1);
	CALL(chdir, ARGS(A(missing)), S(missing));
	PLAIN(fsync, fd);
	CALL(getxattr, ARGS(A(name), A("user.x"), A(buffer), 20), S(name), { "user.x", 7 },
		M(buffer));
	CALL(setxattr, ARGS(A(name), A("user.x"), A("v\1"), 2, 1), S(name), { "user.x", 7 },
		{ "v\1", 2 });
	CALL(pipe2, ARGS(A(fds), O_CLOEXEC | O_NONBLOCK), M(fds));
	CALL(pipe2, ARGS(A(fds), -1), M(fds));
	PLAIN(dup, fd);
	PLAIN(dup2, fd, 40);
	PLAIN(dup3, fd, 41, O_CLOEXEC);
	PLAIN(close_range, 40, -1, CLOSE_RANGE_CLOEXEC);
	PLAIN(close, 99);
	CALL(utime, ARGS(A(missing), A(&ut)), S(missing), M(ut));
	CALL(utimes, ARGS(A(missing), A(tv)), S(missing), M(tv));
	CALL(futimesat, ARGS(-1, A(missing), A(tv)), S(missing), M(tv));
	CALL(utimensat, ARGS(-1, A(missing), A(times), 0), S(missing), M(times));
	CALL(memfd_create, ARGS(A("name"), MFD_CLOEXEC | MFD_ALLOW_SEALING), { "name", 5 });
	CALL(mount, ARGS(A("none"), A(missing), A("tmpfs"), MS_NOSUID | MS_BIND, A("a=b")),
		{ "none", 5 }, S(missing), { "tmpfs", 6 }, { "a=b", 4 });
	CALL(umount2, ARGS(A(missing), MNT_DETACH), S(missing));
	PLAIN(inotify_init1, IN_CLOEXEC);
	CALL(inotify_add_watch, ARGS(-1, A("."), IN_CREATE | IN_MOVED_TO | IN_ONLYDIR), { ".", 2 });
}

/* What is cut at the limit, and what is whole. */
static void long_strings(void)
{
	static const char name[] = "a/very/long/name/of/more/than/thirty/two/characters";
	static char buffer[100];
	struct sockaddr_un un = { AF_UNIX, "a/very/long/name/of/more/than/thirty/two/characters" };
	struct iovec iov[40];
	const char *argv[40];

	CALL(symlink, ARGS(A(name), A("long")), S(name), { "long", 5 });
	CALL(readlink, ARGS(A("long"), A(buffer), 100), { "long", 5 }, M(buffer));
	CALL(readlink, ARGS(A("long"), A(buffer), 4), { "long", 5 }, M(buffer));
	CALL(memfd_create, ARGS(A(name), 0), S(name));
	CALL(setxattr, ARGS(A(name), A(name), A(name), sizeof(name), 3), S(name));
	CALL(listxattr, ARGS(A("."), A(buffer), 100), { ".", 2 }, M(buffer));
	CALL(removexattr, ARGS(A(name), A(name)), S(name));
	CALL(mount, ARGS(A(name), A(name), A(name), 0, A(name)), S(name));
	CALL(mount, ARGS(0, A(name), 0, MS_REMOUNT | MS_RDONLY, 0), S(name));
	CALL(inotify_add_watch, ARGS(-1, A(name), IN_ALL_EVENTS | IN_MASK_ADD), S(name));
	CALL(connect, ARGS(-1, A(&un), sizeof(un)), M(un));
	CALL(swapon, ARGS(A(name), 0x8001), S(name));
	CALL(pivot_root, ARGS(A(name), A(name)), S(name));
	CALL(delete_module, ARGS(A(name), O_NONBLOCK), S(name));
	CALL(mq_open, ARGS(A(name), O_RDONLY | O_CREAT, 0600, 0), S(name));
	CALL(mq_unlink, ARGS(A(name)), S(name));
	CALL(fsopen, ARGS(A(name), 1), S(name));
	CALL(acct, ARGS(A(name)), S(name));
	for (int i = 0; i < 40; i++) {
		iov[i] = (struct iovec){ buffer, (size_t)i };
		argv[i] = name;
	}
	argv[39] = NULL;
	CALL(writev, ARGS(-1, A(iov), 40), M(iov), M(buffer));
	CALL(writev, ARGS(-1, A(iov), 0), M(iov), M(buffer));
	CALL(writev, ARGS(-1, A(iov), -1), M(iov), M(buffer));
	CALL(execve, ARGS(A(name), A(argv), A(argv)), S(name), M(argv));
	argv[0] = NULL;
	CALL(execve, ARGS(A(name), A(argv), A(bad)), S(name), M(argv));
	argv[0] = bad;
	CALL(execve, ARGS(0, A(argv), A(argv)), S(name), M(argv));
}

static void locks(void)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10 };
	static const char name[] = "a file";
	long fd = CALL(openat, ARGS(AT_FDCWD, A(name), O_RDWR), S(name));

	fl.l_pid = 0;
	PLAIN(fcntl, fd, F_GETFD);
	PLAIN(fcntl, fd, F_SETFD, FD_CLOEXEC);
	PLAIN(fcntl, fd, F_GETFD);
	PLAIN(fcntl, fd, F_GETFL);
	PLAIN(fcntl, 0, F_SETFL, O_RDONLY | O_NONBLOCK);
	PLAIN(fcntl, fd, F_DUPFD, 50);
	PLAIN(fcntl, fd, F_DUPFD_CLOEXEC, 60);
	CALL(fcntl, ARGS(fd, F_SETLK, A(&fl)), M(fl));
#ifndef __i386__ /* there it is of another size */
	CALL(fcntl, ARGS(fd, F_OFD_SETLK, A(&fl)), M(fl));
#endif
	PLAIN(fcntl, fd, F_GETOWN);
	PLAIN(fcntl, fd, F_SETSIG, SIGIO);
	PLAIN(fcntl, fd, F_GET_SEALS);
	PLAIN(fcntl, fd, F_ADD_SEALS, F_SEAL_SEAL);
	PLAIN(fcntl, fd, 999, 0x1234);
	PLAIN(fcntl, fd, F_NOTIFY, DN_CREATE | DN_MULTISHOT);
	PLAIN(fcntl, fd, F_GETPIPE_SZ);
}

static void memory(void)
{
	long at = PLAIN(mmap, 0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	PLAIN(mmap, 0, 1, PROT_NONE, MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_POPULATE, 5, 4096);
	PLAIN(mmap, 0, 1, 0x10000, 0x80000000, 5, -4096);
	PLAIN(mprotect, at, 4096, PROT_READ | PROT_EXEC);
	PLAIN(mprotect, at, 4096, PROT_NONE);
	PLAIN(madvise, at, 4096, MADV_DONTNEED);
	PLAIN(madvise, at, 4096, 333);
	at = PLAIN(mremap, at, 8192, 16384, MREMAP_MAYMOVE);
	PLAIN(mremap, at, 8192, 16384, MREMAP_MAYMOVE | MREMAP_FIXED, 0x1000);
	PLAIN(msync, at, 4096, MS_SYNC);
	PLAIN(mlock, at, 4096);
	PLAIN(mlock2, at, 4096, 1);
	PLAIN(munlock, at, 4096);
	PLAIN(mlockall, 0x100);
	PLAIN(munmap, at, 16384);
	PLAIN(brk, 0);
	PLAIN(membarrier, 0, 0);
	PLAIN(shmctl, PLAIN(shmget, 0, 4096, 01000 | 0600), IPC_RMID, 0);
	PLAIN(shmget, 0x1234, 1, 0600);
}

static void signals(void)
{
	struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		uint64_t mask;
	} act = { (void *)0x1234, 0x04000000 | SA_RESTART, (void *)0x5678, 0 }, old = { 0 };
	uint64_t set = 1 << (SIGUSR1 - 1) | 1 << (SIGCHLD - 1) | 1ULL << 40, before = 0;
	struct timespec ts = { 0, 0 };
	siginfo_t info = { 0 };
	stack_t ss = { 0 };

	CALL(rt_sigaction, ARGS(SIGUSR1, A(&act), A(&old), 8), M(act), M(old));
	act.handler = (void *)SIG_IGN;
	act.flags = (unsigned long)0xffffffff00000000ull | 0x04000000 | SA_SIGINFO | SA_NODEFER;
	act.mask = ~0ULL;
	CALL(rt_sigaction, ARGS(SIGUSR1, A(&act), A(&old), 8), M(act), M(old));
	act.flags = 0;
	act.handler = SIG_DFL;
	act.mask = 1;
	CALL(rt_sigaction, ARGS(SIGUSR1, A(&act), 0, 8), M(act));
	CALL(rt_sigaction, ARGS(33, 0, A(&old), 8), M(old));
	CALL(rt_sigaction, ARGS(64, A(&act), A(&old), 9), M(act), M(old));
	PLAIN(rt_sigaction, 99, A(bad), 0, 8);
	CALL(rt_sigprocmask, ARGS(SIG_BLOCK, A(&set), A(&before), 8), M(set), M(before));
	CALL(rt_sigprocmask, ARGS(SIG_SETMASK, A(&before), A(&set), 8), M(set), M(before));
	for (int bits = 38; bits < 47; bits++) {
		set = (1ULL << bits) - 1;
		CALL(rt_sigprocmask, ARGS(77, A(&set), 0, 8), M(set));
	}
	set = 0;
	CALL(rt_sigprocmask, ARGS(SIG_UNBLOCK, A(&set), 0, 8), M(set));
	CALL(rt_sigprocmask, ARGS(SIG_UNBLOCK, A(&set), 0, 3), M(set));
	CALL(rt_sigpending, ARGS(A(&before), 8), M(before));
	set = 1 << (SIGUSR2 - 1);
	CALL(rt_sigtimedwait, ARGS(A(&set), A(&info), A(&ts), 8), M(set), M(info), M(ts));
	PLAIN(kill, PLAIN(getpid), 0);
	PLAIN(kill, 0x7ffffff, SIGKILL);
	PLAIN(tgkill, 1, 2, 99);
	PLAIN(tkill, -1, SIGTERM);
	CALL(sigaltstack, ARGS(0, A(&ss)), M(ss));
	ss.ss_flags = SS_DISABLE;
	CALL(sigaltstack, ARGS(A(&ss), 0), M(ss));
	CALL(signalfd4, ARGS(-1, A(&set), 8, SFD_CLOEXEC | SFD_NONBLOCK), M(set));
	PLAIN(alarm, 0);
}

static void processes(void)
{
	static const char prog[] = "/nonexistent", one[] = "one", two[] = "t\"wo";
	const char *argv[] = { prog, one, two, NULL }, *envp[] = { "A=b", NULL };
	uint32_t ids[3] = { 0 };
	struct rlimit64 rlim = { 0 };
	struct rusage ru = { 0 };
	struct utsname uts = { 0 };
	struct sysinfo si = { 0 };
	struct tms tms = { 0 };
	struct sched_param param = { 0 };
	unsigned long mask = 0;
	siginfo_t info = { 0 };
	int status = 0;
	char name[16] = "decoded";
	unsigned cpu = 0;

	CALL(execve, ARGS(A(prog), A(argv), A(envp)), S(prog), M(argv), M(envp), S(one), S(two));
	CALL(execveat, ARGS(AT_FDCWD, A(prog), A(argv), 0, AT_SYMLINK_NOFOLLOW), S(prog), M(argv),
		S(one), S(two));
	for (int code = 0; code < 3; code++) {
		long pid = PLAIN(clone, CLONE_VFORK | SIGCHLD);

		if (!pid)
			syscall(code < 2 ? SYS_exit_group : SYS_kill,
				code < 2 ? code : syscall(SYS_getpid), SIGTERM);
		CALL(wait4, ARGS(pid, A(&status), 0, A(&ru)), M(status), M(ru));
	}
	CALL(wait4, ARGS(-1, A(&status), WNOHANG, 0), M(status));
	CALL(waitid, ARGS(P_ALL, 0, A(&info), WEXITED | WNOHANG, 0), M(info));
	CALL(getresuid, ARGS(A(&ids[0]), A(&ids[1]), A(&ids[2])), M(ids));
	PLAIN(getpid);
	PLAIN(getuid);
	PLAIN(setreuid, -1, -1);
	PLAIN(setfsuid, -1);
	CALL(prlimit64, ARGS(0, RLIMIT_STACK, 0, A(&rlim)), M(rlim));
	CALL(prlimit64, ARGS(0, 99, A(&rlim), 0), M(rlim));
	CALL(getrlimit, ARGS(RLIMIT_NOFILE, A(&rlim)), M(rlim));
	CALL(getrusage, ARGS(RUSAGE_SELF, A(&ru)), M(ru));
	CALL(uname, ARGS(A(&uts)), M(uts));
	CALL(sysinfo, ARGS(A(&si)), M(si));
	CALL(times, ARGS(A(&tms)), M(tms));
	PLAIN(getpriority, PRIO_PROCESS, 0);
	PLAIN(sched_getscheduler, 0);
	CALL(sched_getparam, ARGS(0, A(&param)), M(param));
	CALL(sched_setscheduler, ARGS(0, SCHED_FIFO | 0x40000000, A(&param)), M(param));
	PLAIN(sched_get_priority_max, SCHED_RR);
	CALL(sched_getaffinity, ARGS(0, sizeof(mask), A(&mask)), M(mask));
	CALL(getcpu, ARGS(A(&cpu), 0, 0), M(cpu));
	CALL(prctl, ARGS(PR_SET_NAME, A(name)), S(name));
	CALL(prctl, ARGS(PR_GET_NAME, A(name)), M(name));
	PLAIN(prctl, PR_SET_DUMPABLE, 1);
	PLAIN(prctl, PR_GET_DUMPABLE);
	PLAIN(prctl, PR_SET_PDEATHSIG, SIGKILL);
	PLAIN(prctl, PR_CAPBSET_READ, 21);
	PLAIN(prctl, PR_GET_SECUREBITS);
	PLAIN(prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0);
	PLAIN(prctl, 9999, 1, 2, 3, 4);
	PLAIN(personality, 0xffffffff);
	PLAIN(setpgid, 0, 0);
	PLAIN(unshare, 0x100);
	PLAIN(setns, -1, CLONE_NEWNET);
	PLAIN(pidfd_open, -1, 0);
	PLAIN(ptrace, 99, 1, 2, 3);
	PLAIN(arch_prctl, 0x1011, 0x5);
	PLAIN(reboot, 1, 2, 3);
	PLAIN(seccomp, 99, 0, 0);
}

static void sockets(void)
{
	struct sockaddr_un un = { AF_UNIX, "/nonexistent" };
	struct sockaddr_in in = { AF_INET, htons(9), { htonl(0x7f000001) }, { 0 } };
	struct sockaddr_in6 in6 = { AF_INET6, htons(9), 0, IN6ADDR_LOOPBACK_INIT, 0 };
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	struct sockaddr_storage got = { 0 };
	struct linger linger = { 1, 2 };
	struct timeval tv = { 3, 4 };
	struct ucred cred = { 0 };
	uint32_t length = sizeof(got);
	int one = 1, pair[2] = { 0 };
	char buffer[64] = { 0 };
	struct iovec iov = { "hello", 5 }, into = { buffer, sizeof(buffer) };
	union {
		char bytes[CMSG_SPACE(8)];
		struct cmsghdr head;
	} control = { .head = { CMSG_LEN(8), SOL_SOCKET, SCM_RIGHTS } };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 },
		      got_msg = { .msg_iov = &into, .msg_iovlen = 1 };
	long s;

	s = PLAIN(socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
	CALL(setsockopt, ARGS(s, SOL_SOCKET, SO_REUSEADDR, A(&one), 4), M(one));
	CALL(setsockopt, ARGS(s, SOL_TCP, TCP_NODELAY, A(&one), 4), M(one));
	CALL(setsockopt, ARGS(s, SOL_SOCKET, SO_LINGER, A(&linger), 8), M(linger));
	CALL(setsockopt, ARGS(s, 999, 5, A(&one), 4), M(one));
	length = 4;
	CALL(getsockopt, ARGS(s, SOL_SOCKET, SO_TYPE, A(&one), A(&length)), M(one), M(length));
	CALL(setsockopt, ARGS(s, SOL_SOCKET, SO_RCVTIMEO, A(&tv), sizeof(tv)), M(tv));
	CALL(setsockopt, ARGS(s, SOL_IPV6, 26, A(&one), 4), M(one));
	CALL(setsockopt, ARGS(s, SOL_IP, 1, A(&one), 1), M(one));
	CALL(setsockopt, ARGS(s, SOL_TCP, 13, A("cubic"), 5), { "cubic", 5 });
	CALL(getsockopt, ARGS(s, SOL_SOCKET, SO_ERROR, A(&one), A(&length)), M(one), M(length));
	CALL(connect, ARGS(s, A(&in), sizeof(in)), M(in));
	CALL(connect, ARGS(-1, A(&in6), sizeof(in6)), M(in6));
	CALL(connect, ARGS(-1, A(&un), sizeof(un)), M(un));
	CALL(connect, ARGS(-1, A(&un), 2), M(un));
	CALL(connect, ARGS(-1, A(&nl), sizeof(nl)), M(nl));
	memcpy(un.sun_path, "\0abstract\0x", 11);
	CALL(bind, ARGS(-1, A(&un), 2 + 11), M(un));
	un.sun_family = AF_X25;
	CALL(bind, ARGS(-1, A(&un), 2 + 11), M(un));
	in.sin_port = 0;
	CALL(bind, ARGS(s, A(&in), sizeof(in)), M(in));
	PLAIN(listen, s, 5);
	length = sizeof(got);
	CALL(getsockname, ARGS(s, A(&got), A(&length)), M(got), M(length));
	CALL(getsockname, ARGS(-1, A(&got), A(&length)), M(got), M(length));
	PLAIN(accept4, -1, 0, 0, SOCK_NONBLOCK);
	PLAIN(shutdown, s, SHUT_WR);
	PLAIN(socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	PLAIN(socket, AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	PLAIN(socket, 222, 15, 7);
	CALL(socketpair, ARGS(AF_UNIX, SOCK_STREAM, 0, A(pair)), M(pair));
	CALL(sendto, ARGS(pair[0], A("ping"), 4, MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0), { "ping", 4 });
	CALL(recvfrom, ARGS(pair[1], A(buffer), 64, MSG_PEEK, 0, 0), M(buffer));
	length = sizeof(got);
	CALL(recvfrom, ARGS(pair[1], A(buffer), 64, 0, A(&got), A(&length)), M(buffer), M(got),
		M(length));
	CALL(sendto, ARGS(-1, A("p"), 1, 0, A(&in), sizeof(in)), { "p", 1 }, M(in));
	CALL(sendmsg, ARGS(pair[0], A(&msg), 0), M(msg), M(iov), { "hello", 5 });
	CALL(recvmsg, ARGS(pair[1], A(&got_msg), 0), M(got_msg), M(into), M(buffer));
	memcpy(CMSG_DATA(&control.head), pair, 8);
	msg.msg_control = &control;
	msg.msg_controllen = sizeof(control);
	CALL(sendmsg, ARGS(pair[0], A(&msg), MSG_NOSIGNAL), M(msg), M(iov), { "hello", 5 },
		M(control));
	CALL(recvmsg, ARGS(-1, A(&got_msg), MSG_CMSG_CLOEXEC), M(got_msg), M(into), M(buffer));
	length = sizeof(cred);
	CALL(getsockopt, ARGS(pair[0], SOL_SOCKET, SO_PEERCRED, A(&cred), A(&length)), M(cred),
		M(length));
}

static void waits(void)
{
	int pipe_fds[2];
	struct pollfd fds[2];
	struct epoll_event event = { EPOLLIN | EPOLLET, { .u64 = 0x100000007 } }, got[4];
	struct timespec ts = { 0, 1000 }, rem = { 0, 0 };
	struct timeval tv = { 0, 0 };
	struct itimerspec its = { { 0, 0 }, { 5, 6 } }, old = { { 0, 0 }, { 0, 0 } };
	struct itimerval itv = { { 0, 0 }, { 0, 0 } };
	fd_set in, none;
	uint64_t set = 0;
	uint32_t word = 5;
	long ep, fd;

	memset(&in, 0, sizeof(in));
	memset(&none, 0, sizeof(none));
	memset(got, 0, sizeof(got));
	CALL(pipe2, ARGS(A(pipe_fds), 0), M(pipe_fds));
	CALL(write, ARGS(pipe_fds[1], A("x"), 1), { "x", 1 });
	fds[0] = (struct pollfd){ pipe_fds[0], POLLIN | POLLPRI, 0 };
	fds[1] = (struct pollfd){ -1, 0, 0 };
	CALL(poll, ARGS(A(fds), 2, -1), M(fds));
	CALL(poll, ARGS(A(fds + 1), 1, 0), M(fds));
	CALL(ppoll, ARGS(A(fds), 1, A(&ts), A(&set), 8), M(fds), M(ts), M(set));
	PLAIN(poll, 0, 0, 0);
	FD_SET(pipe_fds[0], &in);
	CALL(select, ARGS(pipe_fds[0] + 1, A(&in), 0, 0, A(&tv)), M(in), M(tv));
	FD_ZERO(&in);
	CALL(select, ARGS(pipe_fds[0] + 1, A(&in), A(&none), 0, A(&tv)), M(in), M(none), M(tv));
	ep = PLAIN(epoll_create1, EPOLL_CLOEXEC);
	CALL(epoll_ctl, ARGS(ep, EPOLL_CTL_ADD, pipe_fds[0], A(&event)), M(event));
	CALL(epoll_ctl, ARGS(ep, EPOLL_CTL_DEL, -1, A(&event)), M(event));
	CALL(epoll_ctl, ARGS(ep, 9, -1, A(&event)), M(event));
	CALL(epoll_wait, ARGS(ep, A(got), 4, 0), M(got));
	CALL(epoll_wait, ARGS(ep, A(got), 4, 0), M(got));
	CALL(epoll_pwait, ARGS(ep, A(got), 4, 0, 0, 8), M(got));
	PLAIN(eventfd2, 3, EFD_SEMAPHORE | EFD_NONBLOCK);
	PLAIN(futex, A(&word), FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
	CALL(futex, ARGS(A(&word), FUTEX_WAIT, 4, A(&ts)), M(ts));
	CALL(futex,
		ARGS(A(&word), FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME, 4,
			A(&ts), 0, -1),
		M(ts));
	PLAIN(futex, A(&word), FUTEX_CMP_REQUEUE_PRIVATE, 1, 2, A(&word), 7);
	PLAIN(futex, A(&word), 99, 1, 2, A(&word), 7);
	CALL(nanosleep, ARGS(A(&ts), A(&rem)), M(ts), M(rem));
	CALL(clock_nanosleep, ARGS(CLOCK_MONOTONIC, TIMER_ABSTIME, A(&ts), 0), M(ts));
	CALL(clock_gettime, ARGS(CLOCK_REALTIME, A(&ts)), M(ts));
	CALL(clock_gettime, ARGS(77, A(&ts)), M(ts));
	CALL(clock_getres, ARGS(CLOCK_BOOTTIME, A(&ts)), M(ts));
	CALL(gettimeofday, ARGS(A(&tv), 0), M(tv));
	CALL(getitimer, ARGS(ITIMER_REAL, A(&itv)), M(itv));
	for (int notify = 0; notify < 6; notify++) {
		struct sigevent sev = { .sigev_notify = notify, .sigev_signo = SIGALRM };
		int timer = 0;

		sev.sigev_value.sival_ptr = (void *)(notify & 1 ? 0xfffffff12345678 : 0);
		CALL(timer_create, ARGS(CLOCK_MONOTONIC, A(&sev), A(&timer)), M(sev), M(timer));
		CALL(timer_settime, ARGS(timer, 0, A(&its), A(&old)), M(its), M(old));
		CALL(timer_gettime, ARGS(timer, A(&old)), M(old));
		PLAIN(timer_getoverrun, timer);
		PLAIN(timer_delete, timer);
	}
	fd = PLAIN(timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	CALL(timerfd_settime, ARGS(fd, TFD_TIMER_ABSTIME, A(&its), A(&old)), M(its), M(old));
	CALL(timerfd_gettime, ARGS(fd, A(&old)), M(old));
}

/* Calls that few programs make. */
static void rare(void)
{
	static const char name[] = "x/x";
	struct timespec ts = { 1, 2 };
	struct sembuf {
		unsigned short num;
		short op, flg;
	} ops[2] = { { 1, -1, 010000 }, { 2, 3, 04000 } };
	uint64_t head = 0, size = 0, offset = 5;
	struct {
		uint64_t flags, mode, resolve;
	} how = { O_CREAT | O_RDWR, 0600, 0x3f };
	struct {
		long a[8];
	} mq = { { O_NONBLOCK, 1, 2, 3 } };
	struct {
		uint32_t version;
		int pid;
	} cap = { 0x20080522, 0 };
	int fds[2] = { 5, 6 }, timer = 0;
	struct clone_args args = { .flags = CLONE_THREAD | CLONE_PIDFD | CLONE_SETTLS,
		.exit_signal = 17,
		.stack = 1,
		.stack_size = 5,
		.tls = 7 };
	struct sched_attr_ {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attr = { 48, 0, 1, 5, 0, 0, 0, 0 };

	PLAIN(get_robust_list, 0, 0, 0);
	CALL(get_robust_list, ARGS(0, A(&head), A(&size)), M(head), M(size));
	CALL(openat2, ARGS(-1, A(name), A(&how), 24), S(name), M(how));
	CALL(openat2, ARGS(-1, A(name), A(bad), 24), S(name));
	PLAIN(semctl, PLAIN(semget, 5, 1, 01600), 0, IPC_RMID, 0);
#ifndef __i386__ /* no such calls */
	CALL(semop, ARGS(-1, A(ops), 2), M(ops));
	CALL(semtimedop, ARGS(-1, A(ops), 1, A(&ts)), M(ops), M(ts));
#endif
	PLAIN(msgget, 5, 02000 | 0666);
	PLAIN(msgsnd, -1, 0, 0, 04000);
	PLAIN(msgrcv, -1, 0, 0, -5, 010000 | 04000);
	PLAIN(shmdt, 1);
	PLAIN(shmctl, -1, IPC_RMID, 0);
	CALL(mq_open, ARGS(A(name), O_RDWR, 0600, A(&mq)), S(name));
	CALL(mq_timedsend, ARGS(-1, A("hi"), 2, 1, A(&ts)), { "hi", 3 }, M(ts));
	CALL(mq_getsetattr, ARGS(-1, A(&mq), 0), M(mq));
	CALL(sendfile, ARGS(-1, -1, A(&offset), 5), M(offset));
	CALL(copy_file_range, ARGS(-1, A(&offset), -1, 0, 5, 0), M(offset));
	CALL(splice, ARGS(-1, A(&offset), -1, 0, 5, SPLICE_F_MOVE), M(offset));
	PLAIN(tee, -1, -1, 5, SPLICE_F_NONBLOCK);
	CALL(clone3, ARGS(A(&args), 64), M(args));
	CALL(sched_setattr, ARGS(-1, A(&attr), 0), M(attr));
	CALL(name_to_handle_at, ARGS(-1, A(name), 0, A(&timer), AT_EMPTY_PATH), S(name), M(timer));
	PLAIN(process_mrelease, -1, 0);
	PLAIN(pidfd_getfd, -1, 5, 0);
	PLAIN(pidfd_send_signal, -1, SIGTERM, 0, 0);
	PLAIN(readahead, -1, 5, 6);
	PLAIN(syncfs, -1);
	PLAIN(getsid, 0x7ffffff);
	PLAIN(getpgid, 0x7ffffff);
	PLAIN(setpriority, PRIO_USER, 5, -20);
	PLAIN(pkey_alloc, 0, 5);
	PLAIN(pkey_mprotect, 1, 2, PROT_READ, -1);
	PLAIN(remap_file_pages, 1, 2, 0, 3, 0);
	PLAIN(mincore, 1, 2, 0);
	PLAIN(io_uring_setup, 0, 0);
	PLAIN(landlock_restrict_self, -1, 0);
	PLAIN(landlock_create_ruleset, 0, 0, 1);
	PLAIN(inotify_rm_watch, -1, 5);
	PLAIN(eventfd, 5);
	PLAIN(epoll_create, 5);
	PLAIN(signalfd, -1, 0, 8);
	PLAIN(setresuid, -1, -1, -1);
	PLAIN(setgid, -1);
	CALL(chown, ARGS(A(name), 5, -1), S(name));
	CALL(lchown, ARGS(A(name), -1, 5), S(name));
	PLAIN(fchown, -1, 5, 6);
	PLAIN(fchmod, -1, 0644);
	CALL(symlinkat, ARGS(A(name), -1, A(name)), S(name));
	CALL(readlinkat, ARGS(-1, A(name), A(bad), 5), S(name));
	PLAIN(setfsgid, -1);
	CALL(capget, ARGS(A(&cap), 0), M(cap));
	CALL(sched_rr_get_interval, ARGS(0, A(&ts)), M(ts));
	PLAIN(settimeofday, 0, 0);
	PLAIN(fsync, -1);
	(void)fds;
}

static void devices(void)
{
	struct termios tio;
	struct winsize ws = { 24, 80, 0, 0 };
	int n = 0, master;
	char random[8] = { 0 }, entries[2048] = { 0 };
	long dir;

	memset(&tio, 0, sizeof(tio));
	master = (int)CALL(
		openat, ARGS(AT_FDCWD, A("/dev/ptmx"), O_RDWR | O_NOCTTY), { "/dev/ptmx", 10 });
	PLAIN(ioctl, -1, TCGETS, A(&tio));
	CALL(ioctl, ARGS(master, TIOCSWINSZ, A(&ws)), M(ws));
	CALL(ioctl, ARGS(master, TIOCGWINSZ, A(&ws)), M(ws));
	CALL(ioctl, ARGS(master, FIONREAD, A(&n)), M(n));
	CALL(ioctl, ARGS(master, FIONBIO, A(&n)), M(n));
	PLAIN(ioctl, master, FIOCLEX);
	PLAIN(ioctl, master, TCFLSH, TCIOFLUSH);
	CALL(getrandom, ARGS(A(random), 8, GRND_NONBLOCK), M(random));
	dir = CALL(openat, ARGS(AT_FDCWD, A("."), O_RDONLY | O_DIRECTORY), { ".", 2 });
	CALL(getdents64, ARGS(dir, A(entries), sizeof(entries)), M(entries));
	CALL(getdents64, ARGS(dir, A(entries), sizeof(entries)), M(entries));
	PLAIN(ioctl, -1, _IOW('x', 5, int), 5);
	PLAIN(ioctl, -1, 0x1234, 5);
}

/* All bits, and each of them: that names stand in the same order, and none is missing. */
static void all_flags(void)
{
	static const uint64_t some[] = { ~0ull, 0xaaaaaaaa, 0x55555555, 0x0f0f0f0f, 0xf0f0f0f0,
		0xff00ff00, 0x00ff00ff, 1 };
	struct pollfd fd = { -2, 0, 0 };
	struct epoll_event event = { 0, { .u64 = 0 } };
	char x[] = "x/x";

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		long f = (long)some[i];

		CALL(openat, ARGS(-1, A(x), f, 0), S(x));
		CALL(access, ARGS(A(x), f), S(x));
		CALL(fchownat, ARGS(-1, A(x), 0, 0, f), S(x));
		CALL(faccessat2, ARGS(-1, A(x), 0, f), S(x));
		CALL(unlinkat, ARGS(-1, A(x), f), S(x));
		CALL(statx, ARGS(-1, A(x), f, f, 0), S(x));
		CALL(renameat2, ARGS(-1, A(x), -1, A(x), f), S(x), S(x));
		CALL(execveat, ARGS(-1, A(x), 0, 0, f), S(x));
		PLAIN(fallocate, -1, f, 0, 0);
		PLAIN(sync_file_range, -1, 0, 0, f);
		PLAIN(splice, -1, 0, -1, 0, 1, f);
		PLAIN(preadv2, -1, 0, 0, 0, 0, f);
		PLAIN(close_range, 5, 4, f);
		PLAIN(fcntl, -1, F_SETFL, f);
		PLAIN(fcntl, -1, F_SETFD, f);
		PLAIN(fcntl, -1, F_ADD_SEALS, f);
		PLAIN(fcntl, -1, F_NOTIFY, f);
		PLAIN(mmap, 1, 0, f, MAP_FIXED, -1, 0);
		PLAIN(mmap, 1, 0, 0, f & ~(63l << 26), -1, 0);
		PLAIN(mremap, 1, 0, 0, f, 1);
		PLAIN(msync, 1, 1, f);
		PLAIN(mlock2, 1, 1, f | 2);
		PLAIN(mlockall, f | 64);
		PLAIN(signalfd4, -1, 0, 0, f);
		PLAIN(wait4, 0x7ffffff, 0, f | 0x100, 0);
		PLAIN(unshare, (f & ~0xfful) | 0x40);
		PLAIN(setns, -1, f);
		PLAIN(pidfd_open, -1, f);
		PLAIN(socket, 0, (f & (SOCK_CLOEXEC | SOCK_NONBLOCK)) | 1, 0);
		PLAIN(accept4, -1, 0, 0, f);
		PLAIN(sendto, -1, 0, 0, f, 0, 0);
		PLAIN(epoll_create1, f | 2);
		PLAIN(eventfd2, 0, f | 2);
		PLAIN(timerfd_create, 99, f);
		PLAIN(timerfd_settime, -1, f, 0, 0);
		PLAIN(getrandom, 0, 0, f | 64);
		PLAIN(inotify_init1, f | 2);
		CALL(inotify_add_watch, ARGS(-1, A(x), f), S(x));
		CALL(mount, ARGS(0, A(x), 0, f | MS_BIND, 0), S(x));
		CALL(umount2, ARGS(A(x), f | 64), S(x));
		PLAIN(shmat, -1, 0, f);
		PLAIN(io_uring_enter, -1, 0, 0, f, 0, 0);
		PLAIN(perf_event_open, 0, -1, -1, -1, f);
		PLAIN(userfaultfd, f | 2);
		PLAIN(fsmount, -1, f, f);
		CALL(open_tree, ARGS(-1, A(x), f), S(x));
		CALL(move_mount, ARGS(-1, A(x), -1, A(x), f), S(x));
		CALL(fspick, ARGS(-1, A(x), f), S(x));
		PLAIN(fanotify_init, f & ~0xcul, f);
		CALL(fanotify_mark, ARGS(-1, f, f, 9, A(x)), S(x));
		CALL(memfd_create, ARGS(A(x), f | 64), S(x));
		CALL(swapon, ARGS(A(x), f), S(x));
		PLAIN(seccomp, 9, f, 0);
		fd.events = (short)f;
		CALL(poll, ARGS(A(&fd), 1, 0), M(fd));
		fd.fd = -1;
		fd.fd = 99;
		CALL(poll, ARGS(A(&fd), 1, 0), M(fd));
		event.events = (uint32_t)f;
		CALL(epoll_ctl, ARGS(-1, EPOLL_CTL_MOD, -1, A(&event)), M(event));
	}
}

/* Small numbers, where a name is expected. */
static void all_names(void)
{
	for (long i = 0; i < 48; i++) {
		PLAIN(lseek, -1, 0, i);
		PLAIN(flock, -1, i);
		PLAIN(fadvise64, -1, 0, 0, i);
		if (i < 12 || i > 14) /* of fcntl64 on i386 */
			PLAIN(fcntl, -1, i, 0);
		if (i != 11 && i != 12 && i != 13 &&
			i != 14) /* with an argument that strace 6.1 does not know */
			PLAIN(fcntl, -1, 1024 + i, 0);
		PLAIN(madvise, 1, 1, i);
		PLAIN(rt_sigprocmask, i, A(bad), 0, 8);
		PLAIN(kill, 0x7ffffff, i);
		PLAIN(waitid, i, 0x7ffffff, 0, WNOHANG, 0);
		PLAIN(getrusage, i - 2, A(bad));
		PLAIN(getrlimit, i, A(bad));
		PLAIN(getpriority, i, 0x7ffffff);
		PLAIN(sched_get_priority_max, i);
		PLAIN(ioprio_get, i, 0x7ffffff);
		PLAIN(socket, AF_INET, 0x800001, i);
		PLAIN(socket, AF_NETLINK, 0x800003, i);
		PLAIN(shutdown, -1, i);
		PLAIN(epoll_ctl, -1, i, -1, 0);
		PLAIN(clock_gettime, i, A(bad));
		PLAIN(getitimer, i, A(bad));
		if (i != FUTEX_WAKE_OP && i != FUTEX_FD) {
			PLAIN(futex, 1, i, 0, A(bad), 0, 0);
			PLAIN(futex, 1, i | 128, 0, A(bad), 0, 0);
		}
		if (i != SO_GET_FILTER)
			PLAIN(getsockopt, -1, SOL_SOCKET, i, 0, 0);
		PLAIN(getsockopt, -1, SOL_SOCKET, 40 + i, 0, 0);
		PLAIN(getsockopt, -1, SOL_IP, i, 0, 0);
		PLAIN(getsockopt, -1, SOL_IPV6, i, 0, 0);
		if (i < 16)
			PLAIN(getsockopt, -1, SOL_IPV6, 48 + i, 0, 0);
		PLAIN(getsockopt, -1, SOL_TCP, i, 0, 0);
		PLAIN(getsockopt, -1, SOL_NETLINK, i, 0, 0);
		PLAIN(getsockopt, -1, SOL_PACKET, i, 0, 0);
		PLAIN(shmctl, -1, i, 0);
		PLAIN(semctl, -1, 0, i, 0);
		PLAIN(msgctl, -1, i, 0);
		PLAIN(kcmp, -1, -1, i, 0, 0);
		PLAIN(bpf, i, 0, 0);
		PLAIN(fsconfig, -1, i, 0, 0, 0);
		PLAIN(landlock_add_rule, -1, i, 0, 0);
		if (i > 4 && i != (TIOCSSERIAL & 255))
			PLAIN(ioctl, -1, 0x5400 + i, A(bad));
		if (i != (TIOCGPTPEER & 255) - 48)
			PLAIN(ioctl, -1, 0x5400 + 48 + i, A(bad));
		PLAIN(ioctl, -1, 0x8900 + i, A(bad));
		PLAIN(ioctl, -1, 0x8900 + 48 + i, A(bad));
		PLAIN(ioctl, -1, 0x1200 + 80 + i, A(bad));
		if (i >= 7)
			PLAIN(ptrace, i, 0x7ffffff, A(bad), A(bad));
		PLAIN(ptrace, 0x4200 + i, 0x7ffffff, A(bad), A(bad));
	}
}

int main(int argc, char **argv)
{
	if (argc != 2 || chdir(argv[1]))
		return 2;
	syscall(SYS_sync);
	files();
	long_strings();
	locks();
	memory();
	signals();
	processes();
	sockets();
	waits();
	rare();
	devices();
	all_flags();
	all_names();
	syscall(SYS_sync);
	return write_decoded();
}
