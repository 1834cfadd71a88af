/*
 * role: named
 *
 * What ioctl(2) asks of btrfs, asked of what is none: structures with all there is in them, lists behind them, lists that
 * end early.
 */
#include "tells.h"
#include <linux/fs.h>

#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <sys/ioctl.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static union {
	struct btrfs_ioctl_vol_args_v2 volume;
	struct btrfs_ioctl_search_args search;
	struct btrfs_ioctl_search_args_v2 longer;
	struct btrfs_ioctl_space_args spaces;
	struct btrfs_ioctl_dev_replace_args replace;
	struct btrfs_ioctl_fs_info_args info;
	struct btrfs_ioctl_balance_args balance;
	struct btrfs_ioctl_send_args send;
	struct btrfs_ioctl_get_dev_stats stats;
	struct btrfs_ioctl_ino_lookup_args lookup;
	uint32_t words[1024];
	uint64_t wide[512];
} m;

static void ask(unsigned long command)
{
	size_t size = _IOC_SIZE(command);

	ioctl(-1, command, at_the_end(&m, size));
	ioctl(-1, command, at_the_end(&m, size - 1));
	ioctl(-1, command, WRONG);
	ioctl(-1, command, NULL);
}

static void all(void)
{
	static const unsigned long commands[] = { BTRFS_IOC_SNAP_CREATE, BTRFS_IOC_RESIZE,
		BTRFS_IOC_SCAN_DEV, BTRFS_IOC_FORGET_DEV, BTRFS_IOC_ADD_DEV, BTRFS_IOC_RM_DEV,
		BTRFS_IOC_SUBVOL_CREATE, BTRFS_IOC_SNAP_DESTROY, BTRFS_IOC_DEFRAG_RANGE,
		BTRFS_IOC_INO_LOOKUP, BTRFS_IOC_DEFAULT_SUBVOL, BTRFS_IOC_SPACE_INFO,
		BTRFS_IOC_START_SYNC, BTRFS_IOC_WAIT_SYNC, BTRFS_IOC_SNAP_CREATE_V2,
		BTRFS_IOC_SUBVOL_CREATE_V2, BTRFS_IOC_SUBVOL_GETFLAGS, BTRFS_IOC_SUBVOL_SETFLAGS,
		BTRFS_IOC_SCRUB, BTRFS_IOC_SCRUB_PROGRESS, BTRFS_IOC_DEV_INFO, BTRFS_IOC_FS_INFO,
		BTRFS_IOC_BALANCE_PROGRESS, BTRFS_IOC_INO_PATHS, BTRFS_IOC_LOGICAL_INO,
		BTRFS_IOC_SET_RECEIVED_SUBVOL, BTRFS_IOC_SEND, BTRFS_IOC_DEVICES_READY,
		BTRFS_IOC_QUOTA_CTL, BTRFS_IOC_QGROUP_ASSIGN, BTRFS_IOC_QGROUP_CREATE,
		BTRFS_IOC_QGROUP_LIMIT, BTRFS_IOC_QUOTA_RESCAN, BTRFS_IOC_QUOTA_RESCAN_STATUS,
		BTRFS_IOC_GET_DEV_STATS, BTRFS_IOC_DEV_REPLACE, BTRFS_IOC_GET_FEATURES,
		BTRFS_IOC_GET_SUPPORTED_FEATURES };

	for (unsigned round = 0; round < 4; round++) {
		for (unsigned i = 0; i < 1024; i++)
			m.words[i] = round == 0	  ? 0
				     : round == 1 ? 2
				     : round == 2 ? 1 + i % 3
						  : i % 4 / 3 * 0x40;
		for (size_t i = 0; i < COUNT(commands); i++)
			ask(commands[i]);
	}
	for (int i = 0; i < 5; i++)
		ioctl(-1, BTRFS_IOC_BALANCE_CTL, i);
	ioctl(-1, BTRFS_IOC_SET_FEATURES, &m);
	ioctl(-1, BTRFS_IOC_TREE_SEARCH, WRONG);
	ioctl(-1, BTRFS_IOC_TREE_SEARCH_V2, NULL);
}

static void trees(void)
{
	static const uint64_t ids[] = { 0, 1, 5, 9, 256, -256ull, -255ull, 0xffffff00, 1ull << 40,
		UINT64_MAX };
	struct btrfs_ioctl_search_header *header;

	for (size_t i = 0; i < COUNT(ids); i++) {
		memset(&m, 0, sizeof(m));
		m.search.key = (struct btrfs_ioctl_search_key){ .tree_id = ids[i],
			.min_objectid = ids[i],
			.max_objectid = ids[i],
			.max_offset = UINT64_MAX,
			.max_transid = UINT64_MAX,
			.min_type = i & 1 ? BTRFS_ROOT_ITEM_KEY : (uint32_t)i,
			.max_type = i & 1 ? BTRFS_CHUNK_ITEM_KEY : UINT32_MAX,
			.nr_items = (uint32_t)i };
		header = (void *)(i & 1 ? m.search.buf : (char *)m.longer.buf);
		for (unsigned n = 0; n < 3; n++, header++)
			*header = (struct btrfs_ioctl_search_header){ .transid = n,
				.objectid = ids[i],
				.offset = 7,
				.type = BTRFS_DIR_ITEM_KEY,
				.len = n == 2 ? 0xfffffff0 : 0 };
		if (i & 1) {
			ioctl(-1, BTRFS_IOC_TREE_SEARCH, &m);
			continue;
		}
		m.longer.buf_size = i == 4 ? 64 : 900;
		ioctl(-1, BTRFS_IOC_TREE_SEARCH_V2, at_the_end(&m, i == 6 ? 112 + 70 : 4096));
	}
	memset(&m, 0, sizeof(m));
	for (size_t i = 0; i < COUNT(ids); i++) {
		m.lookup.treeid = ids[i];
		m.lookup.objectid = ids[i];
		memset(m.lookup.name, 'n', i & 1 ? sizeof(m.lookup.name) : i);
		ioctl(-1, BTRFS_IOC_INO_LOOKUP, &m);
	}
}

static void spaces(void)
{
	memset(&m, 0, sizeof(m));
	for (unsigned i = 0; i < 5; i++) {
		m.spaces.space_slots = i;
		m.spaces.total_spaces = 3 * i % 4;
		m.spaces.spaces[i] = (struct btrfs_ioctl_space_info){
			BTRFS_BLOCK_GROUP_DATA | BTRFS_BLOCK_GROUP_RAID1, 100 + i, i
		};
		ioctl(-1, BTRFS_IOC_SPACE_INFO, &m);
		ioctl(-1, BTRFS_IOC_SPACE_INFO, at_the_end(&m, 16 + 24 * 2));
	}
	m.spaces.space_slots = 0;
	ioctl(-1, BTRFS_IOC_SPACE_INFO, &m);
}

static void volumes(void)
{
	static struct {
		struct btrfs_qgroup_inherit head;
		uint64_t groups[3];
	} inherit = { { .flags = 1, .num_qgroups = 3, .num_ref_copies = 1 }, { 7, 8, 9 } };
	static uint64_t sources[3] = { 5, 256, 1000 };
	static const size_t sizes[] = { 96, 88, 72, 71 };

	for (size_t i = 0; i < COUNT(sizes) + 2; i++) {
		memset(&m, 0, sizeof(m));
		m.volume.fd = -1;
		m.volume.flags = BTRFS_SUBVOL_RDONLY | BTRFS_SUBVOL_QGROUP_INHERIT;
		m.volume.size = sizeof(inherit);
		m.volume.qgroup_inherit = i < COUNT(sizes) ? at_the_end(&inherit, sizes[i])
					  : i & 1	   ? WRONG
							   : NULL;
		strcpy(m.volume.name, "a volume");
		ioctl(-1, BTRFS_IOC_SNAP_CREATE_V2, &m);
		memset(&m, 0, sizeof(m));
		m.send = (struct btrfs_ioctl_send_args){ .send_fd = 1,
			.clone_sources_count = i,
			.clone_sources = i == 5 ? WRONG : at_the_end(sources, sizeof(sources)),
			.parent_root = BTRFS_FS_TREE_OBJECTID,
			.flags = BTRFS_SEND_FLAG_OMIT_END_CMD };
		ioctl(-1, BTRFS_IOC_SEND, &m);
	}
}

static void inodes(void)
{
	static struct {
		uint32_t left, missing, count, missed;
		uint64_t numbers[6];
		char text[40];
	} found = { 1, 2, 6, 4, { 48, 55, 200, 1ull << 40, 0, 5 }, "a path\0another path" };
	struct btrfs_ioctl_ino_path_args paths = { .inum = 5, .size = 4096 };
	struct btrfs_ioctl_logical_ino_args logical = { .logical = 9, .size = 100 };

	for (unsigned i = 0; i < 4; i++) {
		found.count = i == 3 ? 6 : i;
		paths.fspath = logical.inodes = (uintptr_t)&found;
		ioctl(-1, BTRFS_IOC_LOGICAL_INO, &logical);
		found.count = i < 2 ? i : 2;
		ioctl(-1, BTRFS_IOC_INO_PATHS, &paths);
		paths.fspath = logical.inodes =
			(uintptr_t)at_the_end(&found, i == 1 ? 15 : 16 + 8 * i);
		logical.flags = i;
		ioctl(-1, BTRFS_IOC_INO_PATHS, &paths);
		ioctl(-1, BTRFS_IOC_LOGICAL_INO, &logical);
	}
}

static void devices(void)
{
	for (unsigned i = 0; i < 7; i++) {
		memset(&m, 0, sizeof(m));
		m.replace = (struct btrfs_ioctl_dev_replace_args){ .cmd = i % 4,
			.result = i,
			.status = { i, 1000 * i / 3, 1700000000, i, 7, 8 } };
		ioctl(-1, BTRFS_IOC_DEV_REPLACE, &m);
		memset(&m, 0, sizeof(m));
		m.stats =
			(struct btrfs_ioctl_get_dev_stats){ 1, i, i & 1, { 1, 2, 3, 4, 5 }, { 0 } };
		ioctl(-1, BTRFS_IOC_GET_DEV_STATS, &m);
		memset(&m, 0, sizeof(m));
		m.info.flags = i;
		m.info.csum_type = (uint16_t)i;
		memset(m.info.metadata_uuid, (int)i, 16);
		ioctl(-1, BTRFS_IOC_FS_INFO, &m);
		memset(&m, 0, sizeof(m));
		m.balance.flags = i;
		m.balance.state = i;
		m.balance.meta.usage = UINT64_MAX;
		m.balance.sys.flags = BTRFS_BALANCE_ARGS_CONVERT | BTRFS_BALANCE_ARGS_USAGE_RANGE;
		ioctl(-1, BTRFS_IOC_BALANCE_V2, &m);
	}
}

/* What is the same in more than one file. */
static void duplicates(void)
{
	struct file_dedupe_range *range = (void *)&m;

	memset(&m, 0, sizeof(m));
	range->src_offset = 4096;
	range->src_length = UINT64_MAX;
	for (unsigned i = 0; i < 5; i++)
		range->info[i] = (struct file_dedupe_range_info){ .dest_fd = 1 - (int64_t)i,
			.dest_offset = i << 12,
			.bytes_deduped = i << 20,
			.status = 1 - (int32_t)i };
	for (uint16_t i = 0; i < 6; i++) {
		range->dest_count = i < 5 ? i : UINT16_MAX;
		ioctl(-1, FIDEDUPERANGE, at_the_end(&m, 24 + 32 * 4));
		ioctl(-1, FIDEDUPERANGE, at_the_end(&m, 24 + 32 + 1));
		ioctl(-1, FIDEDUPERANGE, at_the_end(&m, 24));
		ioctl(-1, FIDEDUPERANGE, at_the_end(&m, 23));
	}
	ioctl(-1, FIDEDUPERANGE, WRONG);
	ioctl(-1, FIDEDUPERANGE, NULL);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) { /* what strace 6.1 shows the address of */
		struct btrfs_ioctl_logical_ino_args logical = { .logical = 9, .flags = 1 };

		ioctl(-1, BTRFS_IOC_LOGICAL_INO_V2, &logical);
		return 0;
	}
	all();
	trees();
	spaces();
	volumes();
	inodes();
	devices();
	duplicates();
	return 0;
}
