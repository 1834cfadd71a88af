/* Calls that few programs make, and structures that belong to devices and protocols: see decoded.h. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/blkzoned.h>
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

int main(int argc, char **argv)
{
	if (argc != 2 || chdir(argv[1]))
		return 2;
	syscall(SYS_sync);
	ioctls_of_sockets();
	ioctls_of_files();
	ioctls_of_devices();
	syscall(SYS_sync);
	return write_decoded();
}
