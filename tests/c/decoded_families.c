/* Calls that few programs make, and structures that belong to devices and protocols: see decoded.h. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <linux/mempolicy.h>
#include <linux/mount.h>
#include <linux/quota.h>
#include <linux/sched.h>
#include <sys/timex.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/uio.h>
#include <linux/blkzoned.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/kd.h>
#include <linux/loop.h>
#include <linux/nsfs.h>
#include <linux/perf_event.h>
#include <linux/random.h>
#include <linux/rtc.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "decoded.h"

#define IOCTL(fd, command, object) CALL(ioctl, ARGS(fd, command, A(&(object))), M(object))

/* Nothing here may change the machine: what sets something is asked of no socket. */
static void ioctls_of_sockets(void)
{
	static const int asked[] = { SIOCGIFINDEX, SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFNETMASK,
		SIOCGIFBRDADDR, SIOCGIFDSTADDR, SIOCGIFHWADDR, SIOCGIFMTU, SIOCGIFMETRIC,
		SIOCGIFTXQLEN, SIOCGIFMAP, SIOCGIFSLAVE };
	static const int commands[] = { SIOCGIFINDEX, SIOCGIFMAP, SIOCSIFFLAGS, SIOCSIFADDR,
		SIOCSIFMTU, SIOCSIFNAME, SIOCSIFHWADDR, SIOCSIFNETMASK, SIOCSIFMETRIC,
		SIOCSIFTXQLEN, SIOCSIFSLAVE, SIOCSIFMAP, SIOCSIFBRDADDR, SIOCSIFDSTADDR };
	struct ifreq ifr;
	char name[IFNAMSIZ] = "br0";
	int fd = (int)PLAIN(socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), n = 0;

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		memset(&ifr, 0, sizeof(ifr));
		strcpy(ifr.ifr_name, "lo");
		IOCTL(fd, asked[i], ifr);
		strcpy(ifr.ifr_name, "no such one");
		IOCTL(fd, asked[i], ifr);
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		memset(&ifr, 0x41, sizeof(ifr));
		IOCTL(-1, commands[i], ifr);
		memset(&ifr, 0, sizeof(ifr));
		ifr.ifr_addr.sa_family = AF_INET;
		IOCTL(-1, commands[i], ifr);
		PLAIN(ioctl, -1, commands[i], A(bad));
		PLAIN(ioctl, -1, commands[i], 0);
	}
	for (int i = 0; i < 900; i++) {
		ifr.ifr_hwaddr.sa_family = (unsigned short)i;
		IOCTL(-1, SIOCSIFHWADDR, ifr);
	}
	for (unsigned i = 0; i < 16; i++) {
		ifr.ifr_flags = (short)(1 << i | 1);
		IOCTL(-1, SIOCSIFFLAGS, ifr);
	}
	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_ifindex = 1;
	IOCTL(fd, SIOCGIFNAME, ifr);
	ifr.ifr_ifindex = 12345;
	IOCTL(fd, SIOCGIFNAME, ifr);
	CALL(ioctl, ARGS(-1, SIOCBRADDBR, A(name)), M(name));
	CALL(ioctl, ARGS(-1, SIOCBRDELBR, A(name)), M(name));
	IOCTL(-1, SIOCBRADDIF, ifr);
	IOCTL(fd, SIOCINQ, n);
	IOCTL(fd, SIOCOUTQ, n);
	IOCTL(-1, SIOCSPGRP, n);
	IOCTL(fd, SIOCGPGRP, n);
	IOCTL(-1, SIOCATMARK, n);
	PLAIN(ioctl, fd, SIOCETHTOOL, 0);
	PLAIN(ioctl, fd, SIOCETHTOOL, A(bad));
}

static void ioctls_of_files(void)
{
	struct fsxattr attr = { .fsx_xflags = FS_XFLAG_NODUMP };
	struct fstrim_range range = { 0, ~0ull, 0 };
	struct file_clone_range clone = { 3, 4, 5, 6 };
	int n = 1,
	    fd = (int)CALL(openat, ARGS(AT_FDCWD, A("x"), O_RDWR | O_CREAT, 0600), { "x", 2 });
	unsigned long sector = 2048;
	unsigned short small = 7;
	uint64_t pair[2] = { 4096, 8192 };
	long flags = FS_NOATIME_FL | FS_APPEND_FL;
	char label[FSLABEL_MAX] = "label";

	IOCTL(fd, FS_IOC_GETFLAGS, flags);
	IOCTL(-1, FS_IOC_SETFLAGS, flags);
	IOCTL(fd, FS_IOC_GETVERSION, flags);
	IOCTL(fd, FS_IOC_FSGETXATTR, attr);
	IOCTL(-1, FS_IOC_FSSETXATTR, attr);
	range.start = 77;
	IOCTL(-1, FITRIM, range);
	IOCTL(-1, FICLONERANGE, clone);
	PLAIN(ioctl, -1, FICLONE, 5);
	PLAIN(ioctl, -1, FIFREEZE, 0);
	PLAIN(ioctl, -1, FITHAW, 5);
	CALL(ioctl, ARGS(-1, FS_IOC_SETFSLABEL, A(label)), M(label));
	CALL(ioctl, ARGS(fd, FS_IOC_GETFSLABEL, A(label)), M(label));
	IOCTL(fd, FIONREAD, n);
	IOCTL(fd, FIOQSIZE, pair);
	IOCTL(fd, FIBMAP, n);
	IOCTL(fd, FIGETBSZ, n);
	IOCTL(-1, BLKROSET, n);
	IOCTL(-1, BLKROGET, n);
	IOCTL(-1, BLKSSZGET, n);
	IOCTL(-1, BLKBSZGET, n);
	IOCTL(-1, BLKBSZSET, n);
	IOCTL(-1, BLKGETSIZE, sector);
	IOCTL(-1, BLKRAGET, sector);
	IOCTL(-1, BLKFRAGET, sector);
	PLAIN(ioctl, -1, BLKRASET, 99);
	IOCTL(-1, BLKSECTGET, small);
	IOCTL(-1, BLKROTATIONAL, small);
	IOCTL(-1, BLKALIGNOFF, n);
	IOCTL(-1, BLKDISCARDZEROES, n);
	IOCTL(-1, BLKDISCARD, pair);
	IOCTL(-1, BLKSECDISCARD, pair);
	IOCTL(-1, BLKZEROOUT, pair);
	IOCTL(-1, BLKGETSIZE64, pair);
	IOCTL(-1, BLKPBSZGET, n);
	PLAIN(ioctl, -1, BLKRRPART, 0);
	PLAIN(ioctl, -1, BLKFLSBUF, 0);
}

static void ioctls_of_devices(void)
{
	struct rtc_time time = { 1, 2, 3, 4, 5, 126, 0, 0, 0 };
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_EVENT_FORK };
	struct uffdio_register reg = { { 4096, 8192 }, UFFDIO_REGISTER_MODE_MISSING, 0 };
	struct uffdio_range range = { 4096, 8192 };
	struct uffdio_copy copy = { 1, 2, 3, UFFDIO_COPY_MODE_DONTWAKE, 0 };
	struct uffdio_zeropage zero = { { 4096, 8192 }, 1, 0 };
	int n = 7,
	    ns = (int)CALL(openat, ARGS(AT_FDCWD, A("/proc/self/ns/user"), O_RDONLY),
		    { "/proc/self/ns/user", 19 }),
	    fd;
	uint64_t wide = 77;
	char byte = 'x';

	IOCTL(-1, RTC_RD_TIME, time);
	IOCTL(-1, RTC_SET_TIME, time);
	IOCTL(-1, RTC_ALM_SET, time);
	PLAIN(ioctl, -1, RTC_AIE_ON, 0);
	PLAIN(ioctl, -1, RTC_UIE_OFF, 0);
	IOCTL(-1, RTC_IRQP_READ, wide);
	PLAIN(ioctl, -1, RTC_IRQP_SET, 64);
	fd = (int)CALL(openat, ARGS(AT_FDCWD, A("/dev/urandom"), O_RDONLY), { "/dev/urandom", 13 });
	IOCTL(fd, RNDGETENTCNT, n);
	IOCTL(-1, RNDADDTOENTCNT, n);
	PLAIN(ioctl, -1, RNDCLEARPOOL, 0);
	PLAIN(ioctl, ns, NS_GET_NSTYPE, 0);
	IOCTL(ns, NS_GET_OWNER_UID, n);
	PLAIN(ioctl, -1, NS_GET_USERNS, 0);
	IOCTL(-1, UFFDIO_API, api);
	IOCTL(-1, UFFDIO_REGISTER, reg);
	IOCTL(-1, UFFDIO_UNREGISTER, range);
	IOCTL(-1, UFFDIO_WAKE, range);
	IOCTL(-1, UFFDIO_COPY, copy);
	IOCTL(-1, UFFDIO_ZEROPAGE, zero);
	IOCTL(-1, TIOCSTI, byte);
	IOCTL(-1, TIOCGDEV, n);
	IOCTL(-1, KDGKBTYPE, byte);
	IOCTL(-1, KDGETLED, byte);
	PLAIN(ioctl, -1, KDSETLED, 1);
	IOCTL(-1, KDGETMODE, n);
	PLAIN(ioctl, -1, KDSETMODE, 1);
	IOCTL(-1, KDGKBMODE, n);
	PLAIN(ioctl, -1, KDSKBMODE, 1);
	PLAIN(ioctl, -1, LOOP_CTL_ADD, 1);
	PLAIN(ioctl, -1, LOOP_CTL_REMOVE, 1);
	PLAIN(ioctl, -1, LOOP_SET_CAPACITY, 0);
	PLAIN(ioctl, -1, LOOP_SET_DIRECT_IO, 1);
	PLAIN(ioctl, -1, LOOP_SET_BLOCK_SIZE, 512);
	PLAIN(ioctl, -1, PERF_EVENT_IOC_ENABLE, 0);
	PLAIN(ioctl, -1, PERF_EVENT_IOC_REFRESH, 3);
	IOCTL(-1, PERF_EVENT_IOC_PERIOD, wide);
	IOCTL(-1, PERF_EVENT_IOC_ID, wide);
	PLAIN(ioctl, -1, PERF_EVENT_IOC_SET_OUTPUT, 5);
	CALL(ioctl, ARGS(-1, PERF_EVENT_IOC_SET_FILTER, A("filter")), { "filter", 7 });
}

static void processes(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct caps[2] = { { 1, 2, 3 }, { 4, 5, 6 } };
	struct sched_attr_v1 {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
		uint32_t util_min, util_max;
	} attr = { sizeof(attr), 0, SCHED_FLAG_RESET_ON_FORK, 5, 0, 1, 2, 3, 4, 5 };
	struct clone_args args = { .flags = 1ull << 40, .exit_signal = SIGCHLD };
	unsigned cpu = 0, node = 0;
	unsigned long nodes[2] = { 5, 0 };
	int status[2] = { 0 }, mode = 0;
	void *pages[2] = { (void *)0x1000, (void *)0x2000 };
	int to[2] = { 0, 1 };
	struct iovec in[2] = { { pages, 8 }, { NULL, 3 } }, local = { pages, 8 },
		     remote[2] = { { (void *)0x1000, 8 }, { NULL, 5 } };
	struct {
		unsigned long address, size;
	} mask = { 0 };
	uint64_t set = 1 << (SIGUSR1 - 1);
	struct timespec zero = { 0, 0 };
	fd_set fds;

	FD_ZERO(&fds);
	FD_SET(0, &fds);
	CALL(capget, ARGS(A(&header), A(caps)), M(header), M(caps));
	header.pid = 0x7ffffff;
	CALL(capget, ARGS(A(&header), A(caps)), M(header), M(caps));
	CALL(capset, ARGS(A(&header), A(caps)), M(header), M(caps));
	CALL(capset, ARGS(A(&header), A(bad)), M(header));
	header.version = _LINUX_CAPABILITY_VERSION_1;
	CALL(capset, ARGS(A(&header), A(caps)), M(header), M(caps));
	header.version = 7;
	CALL(capset, ARGS(A(&header), A(caps)), M(header), M(caps));
	CALL(capget, ARGS(A(&header), 0), M(header));
	CALL(sched_getattr, ARGS(0, A(&attr), sizeof(attr), 0), M(attr));
	CALL(sched_setattr, ARGS(0x7ffffff, A(&attr), 0), M(attr));
	attr.size = 48;
	CALL(sched_setattr, ARGS(0x7ffffff, A(&attr), 0), M(attr));
	CALL(clone3, ARGS(A(&args), sizeof(args)), M(args));
	args.cgroup = 7;
	CALL(clone3, ARGS(A(&args), sizeof(args)), M(args));
	CALL(clone3, ARGS(A(&args), 64), { &args, 64 });
	CALL(getcpu, ARGS(A(&cpu), A(&node), 0), M(cpu), M(node));
	CALL(move_pages, ARGS(0x7ffffff, 2, A(pages), A(to), A(status), MPOL_MF_MOVE), M(pages),
		M(to), M(status));
	CALL(set_mempolicy, ARGS(99, A(nodes), 64), M(nodes));
	CALL(mbind, ARGS(1, 0, 2 | 0x8000, A(nodes), 65, 3), M(nodes));
	CALL(migrate_pages, ARGS(0x7ffffff, 64, A(nodes), A(nodes)), M(nodes));
	CALL(get_mempolicy, ARGS(A(&mode), A(nodes), 64, 0, 0), M(mode), M(nodes));
	CALL(process_vm_readv, ARGS(0x7ffffff, A(&local), 1, A(remote), 2, 0), M(local), M(remote));
	CALL(process_vm_writev, ARGS(0x7ffffff, A(&local), 1, A(remote), 2, 0), M(local), M(remote),
		M(pages));
	CALL(readv, ARGS(-1, A(in), 2), M(in));
	CALL(preadv, ARGS(-1, A(in), 2, 5), M(in));
	PLAIN(readv, -1, A(bad), 2);
	CALL(pselect6, ARGS(1, A(&fds), 0, 0, A(&zero), 0), M(fds), M(zero));
	mask.address = (uintptr_t)&set;
	mask.size = 8;
	CALL(pselect6, ARGS(0, 0, 0, 0, A(&zero), A(&mask)), M(zero), M(mask), M(set));
	mask.address = 0;
	CALL(pselect6, ARGS(0, 0, 0, 0, A(&zero), A(&mask)), M(zero), M(mask));
	PLAIN(rseq, 0x1000, 32, 0, 0x53053053);
	PLAIN(rseq, 0, 32, 1, 0x53053053);
	PLAIN(ioprio_set, 1, 0x7ffffff, 2 << 13 | 4);
	PLAIN(ioprio_set, 1, 0x7ffffff, 7 << 13 | 9);
	PLAIN(ioprio_get, 1, 0);
	PLAIN(membarrier, 4, 0, 0);
	PLAIN(pkey_alloc, 0, 1);
	PLAIN(pkey_free, 99);
	PLAIN(kcmp, 1, 1, 0, 3, 4);
	PLAIN(setns, -1, CLONE_NEWNET);
	CALL(prctl, ARGS(PR_GET_PDEATHSIG, A(&mode)), M(mode));
	CALL(prctl, ARGS(PR_GET_CHILD_SUBREAPER, A(&mode)), M(mode));
	PLAIN(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 5, 0, 0);
	PLAIN(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL + 9, 0, 0, 0);
	PLAIN(prctl, PR_SET_PTRACER, -1);
	PLAIN(prctl, PR_GET_SPECULATION_CTRL, 0, 0, 0, 0);
	PLAIN(prctl, PR_SET_MM, PR_SET_MM_BRK, 0, 0, 0);
	CALL(prctl, ARGS(PR_GET_TSC, A(&mode)), M(mode));
	PLAIN(prctl, PR_MCE_KILL_GET, 0, 0, 0, 0);
	PLAIN(prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x1000, 0, 0);
	PLAIN(prctl, PR_TASK_PERF_EVENTS_DISABLE, 0);
	PLAIN(prctl, PR_GET_TID_ADDRESS, A(bad));
}

static void filters(void)
{
	struct sock_filter code[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xc000003e, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 5),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 15),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW), BPF_STMT(0xffff, 1),
		BPF_JUMP(BPF_JMP | BPF_JA, 3, 0, 0), BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_RET | BPF_A, 0), BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 14),
		BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_LD | BPF_H | BPF_IND, 3) };
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };
	struct seccomp_notif_sizes sizes = { 0 };
	unsigned action = SECCOMP_RET_LOG;

	CALL(seccomp, ARGS(SECCOMP_SET_MODE_FILTER, 1 << 20, A(&program)), M(program), M(code));
	CALL(prctl, ARGS(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, A(bad)), M(program));
	CALL(setsockopt, ARGS(-1, SOL_SOCKET, SO_ATTACH_FILTER, A(&program), sizeof(program)),
		M(program), M(code));
	program.len = 2;
	CALL(seccomp, ARGS(SECCOMP_SET_MODE_FILTER, 1 << 20, A(&program)), M(program), M(code));
	CALL(setsockopt, ARGS(-1, SOL_SOCKET, SO_ATTACH_FILTER, A(&program), sizeof(program)),
		M(program), M(code));
	program.len = 0;
	CALL(seccomp, ARGS(SECCOMP_SET_MODE_FILTER, 0, A(&program)), M(program), M(code));
	program.len = 3;
	program.filter = (void *)bad;
	CALL(seccomp, ARGS(SECCOMP_SET_MODE_FILTER, 1 << 20, A(&program)), M(program));
	CALL(prctl, ARGS(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, A(&program)), M(program));
	PLAIN(seccomp, SECCOMP_SET_MODE_FILTER, 1 << 20, A(bad));
	PLAIN(seccomp, SECCOMP_SET_MODE_STRICT, 5, 0);
	CALL(seccomp, ARGS(SECCOMP_GET_ACTION_AVAIL, 0, A(&action)), M(action));
	CALL(seccomp, ARGS(SECCOMP_GET_NOTIF_SIZES, 0, A(&sizes)), M(sizes));
}

static void kernels_own(void)
{
	struct io_uring_params params = { .flags = IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE,
		.cq_entries = 8 };
	struct landlock_ruleset_attr ruleset = { LANDLOCK_ACCESS_FS_READ_FILE | 1 << 30 };
	struct landlock_path_beneath_attr beneath = { LANDLOCK_ACCESS_FS_EXECUTE, 5 };
	struct perf_event_attr perf = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(perf), .config = PERF_COUNT_SW_CPU_CLOCK
	};
	struct timex tx = { 0 };
	struct mount_attr mount = { MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOEXEC, MS_PRIVATE, 5 };
	struct {
		unsigned bytes;
		int type;
		unsigned char handle[64];
	} handle = { 64, 0, { 0 } };
	struct iocb one = {
		.aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = 3, .aio_nbytes = 4, .aio_offset = 5
	};
	struct futex_waitv waiters[2] = { { 1, 0x1000, FUTEX_32, 0 }, { 2, 0x2000, 0, 0 } };
	struct io_event events[2];
	unsigned long context = 0;
	int id = 0;
	char text[64] = "x";
	unsigned char present[4] = { 0 };

	CALL(io_uring_setup, ARGS(4, A(&params)), M(params));
	params.flags = 1 << 30;
	CALL(io_uring_setup, ARGS(4, A(&params)), M(params));
	PLAIN(io_uring_setup, 4, A(bad));
	for (int i = 0; i < 24; i++)
		PLAIN(io_uring_register, -1, i, 0, 0);
	PLAIN(io_uring_enter, -1, 1, 1, 1, 0, 8);
	CALL(landlock_create_ruleset, ARGS(A(&ruleset), 8, 5), M(ruleset));
	PLAIN(landlock_create_ruleset, 0, 0, 1);
	CALL(landlock_add_rule, ARGS(-1, 1, A(&beneath), 5), M(beneath));
	CALL(landlock_add_rule, ARGS(-1, 9, A(&beneath), 5), M(beneath));
	CALL(adjtimex, ARGS(A(&tx)), M(tx));
	CALL(clock_adjtime, ARGS(0, A(&tx)), M(tx));
	CALL(clock_adjtime, ARGS(99, A(&tx)), M(tx));
	CALL(mount_setattr, ARGS(-1, A(""), 0, A(&mount), sizeof(mount)), { "", 1 }, M(mount));
	CALL(mount_setattr, ARGS(-1, A(""), 0, A(&mount), 8), { "", 1 }, M(mount));
	CALL(mount_setattr, ARGS(-1, A(""), 0, A(&mount), 0), { "", 1 }, M(mount));
	CALL(name_to_handle_at, ARGS(AT_FDCWD, A("."), A(&handle), A(&id), 0), { ".", 2 },
		M(handle), M(id));
	handle.bytes = 2;
	CALL(name_to_handle_at, ARGS(AT_FDCWD, A("."), A(&handle), A(&id), 0), { ".", 2 },
		M(handle), M(id));
	CALL(open_by_handle_at, ARGS(-1, A(&handle), O_RDONLY), M(handle));
	CALL(io_setup, ARGS(2, A(&context)), M(context));
	CALL(io_getevents, ARGS(1, 0, 2, A(events), 0), M(events));
	CALL(io_cancel, ARGS(1, A(&one), A(events)), M(one), M(events));
	PLAIN(io_destroy, 1);
	CALL(futex_waitv, ARGS(A(waiters), 2, 7, 0, 0), M(waiters));
	CALL(mincore, ARGS(0x1000, 4096, A(present)), M(present));
	CALL(add_key, ARGS(A("nonsense"), A("x"), A("data"), 4, -1), { "nonsense", 9 }, S("x"),
		S("data"));
	CALL(request_key, ARGS(A("nonsense"), A("x"), 0, -3), { "nonsense", 9 }, S("x"));
	for (int i = 0; i < 34; i++)
		if (i != 1 && i != 18 && i != 7 && i != KEYCTL_CAPABILITIES &&
			i != KEYCTL_SET_REQKEY_KEYRING)
			PLAIN(keyctl, i, 0x7fffff0, 0, 0, 0);
	CALL(keyctl, ARGS(KEYCTL_DESCRIBE, 0x7fffff0, A(text), sizeof(text)), M(text));
	CALL(keyctl, ARGS(KEYCTL_SEARCH, 0x7fffff0, A("user"), A("x"), 0), { "user", 5 }, S("x"));
	CALL(keyctl, ARGS(KEYCTL_UPDATE, 0x7fffff0, A("data"), 4), { "data", 5 });
	PLAIN(keyctl, 99, 1, 2, 3, 4);
	PLAIN(syslog, 10, 0, 0);
	PLAIN(syslog, 3, 0, 0);
	PLAIN(syslog, 99, 0, 5);
	CALL(quotactl, ARGS((unsigned)Q_GETQUOTA << 8, A("/dev/nothing"), 5, A(bad)),
		{ "/dev/nothing", 13 });
	CALL(quotactl, ARGS((unsigned)Q_SYNC << 8 | 1, A("/dev/nothing"), 5, A(bad)),
		{ "/dev/nothing", 13 });
	CALL(quotactl, ARGS(0x77 << 8 | 2, 0, 5, 0), { "/dev/nothing", 13 });
	PLAIN(memfd_secret, 5);
	PLAIN(ustat, 5, A(bad));
	PLAIN(sysfs, 3, 0, 0);
	PLAIN(sysfs, 77, 0, 0);
	PLAIN(semctl, -1, 0, 2, 0);
	PLAIN(shmctl, -1, 2, 0);
	PLAIN(modify_ldt, 0, 0, 0);
	PLAIN(lookup_dcookie, 5, 0, 0);
	PLAIN(socket, AF_PACKET, 0x800003, 0x300);
	PLAIN(socket, AF_UNIX, 0x800001, 5);
	PLAIN(socket, AF_BLUETOOTH, 0x800001, 3);
	PLAIN(socket, AF_CAN, 0x800001, 1);
	PLAIN(socket, AF_KEY, 0x800001, 2);
}

static void bpf_and_perf(void)
{
	union bpf_attr attr;
	struct perf_event_attr perf;

#define BPF(command, bytes) CALL(bpf, ARGS(command, A(&attr), bytes), { &attr, bytes })
#define PERF()		    CALL(perf_event_open, ARGS(A(&perf), -1, -1, -1, 8), M(perf))
	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = 8;
	strcpy(attr.map_name, "my_map");
	BPF(BPF_MAP_CREATE, 76);
	BPF(BPF_MAP_CREATE, 72);
	BPF(BPF_MAP_CREATE, 48);
	BPF(BPF_MAP_CREATE, 20);
	attr.map_type = 99;
	attr.map_flags = BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE;
	attr.numa_node = 2;
	attr.btf_key_type_id = 6;
	BPF(BPF_MAP_CREATE, 72);
	PLAIN(bpf, BPF_MAP_CREATE, A(bad), 72);
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = -1;
	attr.key = 0x1000;
	BPF(BPF_MAP_DELETE_ELEM, 16);
	attr.value = 0x2000;
	attr.flags = BPF_NOEXIST;
	BPF(BPF_MAP_LOOKUP_ELEM, 32);
	BPF(BPF_MAP_UPDATE_ELEM, 32);
	BPF(BPF_MAP_GET_NEXT_KEY, 24);
	BPF(BPF_MAP_FREEZE, 4);
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = 99;
	attr.insn_cnt = 2;
	attr.insns = 0x1000;
	attr.kern_version = 0x60112;
	attr.prog_flags = BPF_F_STRICT_ALIGNMENT;
	strcpy(attr.prog_name, "prog");
	BPF(BPF_PROG_LOAD, 116);
	BPF(BPF_PROG_LOAD, 72);
	BPF(BPF_PROG_LOAD, 48);
	memset(&attr, 0, sizeof(attr));
	attr.bpf_fd = (unsigned)-1;
	attr.file_flags = BPF_F_RDONLY;
	BPF(BPF_OBJ_PIN, 16);
	BPF(BPF_OBJ_GET, 12);
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = attr.attach_bpf_fd = (unsigned)-1;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	BPF(BPF_PROG_ATTACH, 16);
	BPF(BPF_PROG_ATTACH, 20);
	BPF(BPF_PROG_DETACH, 12);
	memset(&attr, 0, sizeof(attr));
	attr.prog_id = 0x7ffffff;
	BPF(BPF_PROG_GET_FD_BY_ID, 12);
	BPF(BPF_MAP_GET_FD_BY_ID, 12);
	attr.info.bpf_fd = (unsigned)-1;
	attr.info.info = 0x1000;
	BPF(BPF_OBJ_GET_INFO_BY_FD, 16);
	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (unsigned)-1;
	attr.link_create.attach_type = BPF_SK_LOOKUP;
	BPF(BPF_LINK_CREATE, 16);
	for (unsigned i = 0; i < 8; i++) {
		memset(&perf, 0, sizeof(perf));
		perf.type = i;
		perf.size = i < 4 ? sizeof(perf) : 64 + 8 * i;
		perf.config = i * 3;
		PERF();
	}
	for (unsigned i = 0; i < 64; i++) {
		memset(&perf, 0, sizeof(perf));
		perf.type = i % 4;
		perf.size = 96;
		perf.config = i / 4 << (i % 3 * 8);
		perf.sample_type = 1ull << i % 25 | 1ull << 50;
		perf.read_format = 1 << i % 4;
		memcpy((char *)&perf + 40, &(uint64_t){ 1ull << i }, 8);
		PERF();
	}
	perf.size = 0;
	PERF();
	perf.size = 20;
	PERF();
	memset(&perf, 0xff, sizeof(perf));
	perf.size = 64;
	perf.type = 0;
	PERF();
	PLAIN(perf_event_open, A(bad), 0, 0, 0, 0);
}

int main(int argc, char **argv)
{
	if (argc != 2 || chdir(argv[1]))
		return 2;
	syscall(SYS_sync);
	ioctls_of_sockets();
	ioctls_of_files();
	ioctls_of_devices();
	processes();
	filters();
	kernels_own();
	bpf_and_perf();
	syscall(SYS_sync);
	return write_decoded();
}
