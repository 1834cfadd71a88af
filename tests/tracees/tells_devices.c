/*
 * role: named
 * arch: x86_64
 *
 * What ioctl(2) asks of devices, of interfaces and of files, asked of what is none.
 */
#include "tells.h"
#include <fcntl.h>
#include <linux/blkpg.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/hdreg.h>
#include <linux/kvm.h>
#include <linux/loop.h>
#include <linux/nbd.h>
#include <linux/seccomp.h>
#include <linux/watchdog.h>
#include <net/if.h>
#include <scsi/sg.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static void interfaces(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq one[1];
	struct ifconf asked = { sizeof(one), { (void *)one } };

	ioctl(fd, SIOCGIFCONF, &asked);
	ioctl(-1, SIOCGIFCONF, &asked);
	asked.ifc_len = 5;
	ioctl(fd, SIOCGIFCONF, &asked);
	asked.ifc_len = -1;
	ioctl(fd, SIOCGIFCONF, &asked);
	asked.ifc_len = 400;
	asked.ifc_buf = WRONG;
	ioctl(fd, SIOCGIFCONF, &asked);
	asked.ifc_buf = NULL;
	ioctl(fd, SIOCGIFCONF, &asked);
	ioctl(fd, SIOCGIFCONF, at_the_end(&asked, 8));
	ioctl(fd, SIOCGIFCONF, WRONG);
	ioctl(fd, SIOCGIFCONF, NULL);
}

static void loops(void)
{
	struct loop_info info = { .lo_number = 3, .lo_flags = 0x43, .lo_name = "name" };
	struct loop_info64 wide = { .lo_flags = LO_FLAGS_PARTSCAN, .lo_file_name = "/a/file" };
	struct loop_config config = { .fd = 3, .block_size = 512 };

	info.lo_device = 0x801;
	ioctl(-1, LOOP_SET_STATUS, &info);
	info.lo_encrypt_type = LO_CRYPT_XOR;
	info.lo_encrypt_key_size = 3;
	memcpy(info.lo_encrypt_key, "abc", 3);
	ioctl(-1, LOOP_SET_STATUS, &info);
	ioctl(-1, LOOP_GET_STATUS, &info);
	ioctl(-1, LOOP_SET_STATUS, WRONG);
	memset(wide.lo_crypt_name, 'c', sizeof(wide.lo_crypt_name));
	wide.lo_encrypt_key_size = 1000;
	wide.lo_encrypt_type = 99;
	ioctl(-1, LOOP_SET_STATUS64, &wide);
	ioctl(-1, LOOP_SET_STATUS64, at_the_end(&wide, 200));
	ioctl(-1, LOOP_GET_STATUS64, &wide);
	config.info = wide;
	ioctl(-1, LOOP_CONFIGURE, &config);
	ioctl(-1, LOOP_CONFIGURE, WRONG);
}

static void partitions(void)
{
	struct blkpg_partition part = { 512, 1024, 3, "dev", "vol" };
	struct blkpg_ioctl_arg arg = { BLKPG_ADD_PARTITION, 5, sizeof(part), &part };
	struct hd_geometry geometry;

	ioctl(-1, BLKPG, &arg);
	arg.op = 99;
	arg.datalen = -1;
	ioctl(-1, BLKPG, &arg);
	arg.data = at_the_end(&part, sizeof(part));
	ioctl(-1, BLKPG, &arg);
	arg.data = at_the_end(&part, 100);
	ioctl(-1, BLKPG, &arg);
	arg.data = WRONG;
	ioctl(-1, BLKPG, &arg);
	arg.data = NULL;
	ioctl(-1, BLKPG, &arg);
	ioctl(-1, BLKPG, WRONG);
	ioctl(-1, BLKPG, NULL);
	ioctl(-1, HDIO_GETGEO, &geometry);
}

static void commands(void)
{
	unsigned char inquiry[6] = { 0x12, 0, 0, 0, 96 }, buffer[96] = "abc", sense[32] = { 0 };
	struct sg_io_hdr io = {
		.interface_id = 'S', .cmd_len = 6, .mx_sb_len = 32, .dxfer_len = 96
	};
	int other = 77;

	io.cmdp = inquiry;
	io.sbp = sense;
	io.sb_len_wr = 4;
	io.flags = 0x10043;
	io.resid = -5;
	io.dxferp = buffer;
	for (io.dxfer_direction = -3; io.dxfer_direction <= 0; io.dxfer_direction++)
		ioctl(-1, SG_IO, &io);
	io.dxfer_direction = SG_DXFER_TO_DEV;
	io.dxfer_len = io.cmd_len = 0;
	ioctl(-1, SG_IO, &io);
	io.dxfer_len = io.cmd_len = 9;
	io.cmdp = io.sbp = WRONG;
	io.dxferp = WRONG;
	ioctl(-1, SG_IO, &io);
	io.dxfer_direction = SG_DXFER_FROM_DEV;
	ioctl(-1, SG_IO, &io);
	ioctl(-1, SG_IO, &other);
	ioctl(-1, SG_IO, WRONG);
}

static void extents(void)
{
	struct fiemap map = { .fm_length = -1, .fm_flags = 0x8005, .fm_extent_count = 3 };

	ioctl(-1, FS_IOC_FIEMAP, &map);
	ioctl(-1, FS_IOC_FIEMAP, at_the_end(&map, 20));
	ioctl(-1, FS_IOC_FIEMAP, WRONG);
}

int main(void)
{
	/* EVIOCGRAB, EVIOCREVOKE, EVIOCRMFF, INOTIFY_IOC_SETNEXTWD */
	static const unsigned long numbers[] = { 0x40044590, 0x40044591, 0x40044581, 0x40044900,
		HDIO_SET_MULTCOUNT, HDIO_SET_UNMASKINTR, HDIO_SET_32BIT, HDIO_SET_DMA,
		HDIO_SET_WCACHE, HDIO_SET_ACOUSTIC, HDIO_SET_ADDRESS };

	struct kvm_userspace_memory_region region = { 1, 3, 0x1000, 8192, 0x3000 };
	struct seccomp_notif_resp response = { 1, -2, -3, 3 };
	struct seccomp_notif_addfd addfd = { 1, 5, 2, 3, O_CLOEXEC };
	uint64_t id = 77;
	int seconds = 5;

	interfaces();
	loops();
	partitions();
	commands();
	extents();
	ioctl(-1, KVM_CREATE_VCPU, 3);
	ioctl(-1, KVM_CHECK_EXTENSION, 7);
	ioctl(-1, KVM_CHECK_EXTENSION, 77777);
	ioctl(-1, KVM_SET_USER_MEMORY_REGION, &region);
	ioctl(-1, KVM_SET_USER_MEMORY_REGION, WRONG);
	ioctl(-1, NBD_SET_SOCK, 5);
	ioctl(-1, NBD_SET_SIZE, 4096);
	ioctl(-1, NBD_SET_FLAGS, 0x1000005);
	ioctl(-1, WDIOC_SETTIMEOUT, &seconds);
	ioctl(-1, WDIOC_GETTIMEOUT, &seconds);
	ioctl(-1, SECCOMP_IOCTL_NOTIF_SEND, &response);
	ioctl(-1, SECCOMP_IOCTL_NOTIF_ADDFD, &addfd);
	ioctl(-1, SECCOMP_IOCTL_NOTIF_ID_VALID, &id);
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		ioctl(-1, numbers[i], 1L);
		ioctl(-1, numbers[i], -1L);
	}
	return 0;
}
