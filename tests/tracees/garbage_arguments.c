/*
 * role: named
 * arch: x86_64
 * oracle: no (strace -c 6.1 leaves out the numbers that it does not know)
 *
 * All calls with garbage in all six arguments, but for those that end, stop or multiply us, signal others,
 * or are of the whole machine. None makes what would outlive us: the next run of it would find that.
 */
#define _GNU_SOURCE
#include <grp.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LAST	  480
#define URETPROBE 335 /* the kernel's own trampoline makes it: it kills whoever else does */
#define UPROBE	  336

static const int left_out[] = { SYS_rt_sigreturn, SYS_pause, SYS_alarm, SYS_clone, SYS_fork,
	SYS_vfork, SYS_exit, SYS_exit_group, SYS_kill, SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo,
	SYS_rt_tgsigqueueinfo, SYS_pidfd_send_signal, SYS_clone3, SYS_sync, SYS_vhangup,
	SYS_personality, SYS_restart_syscall, SYS_setsid, SYS_rseq, SYS_reboot, SYS_umask,
	SYS_getppid, SYS_time, SYS_syslog, URETPROBE, UPROBE };

static int is_left_out(int nr)
{
	for (unsigned i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
		if (left_out[i] == nr)
			return 1;
	return 0;
}

/* Of all calls this alone succeeds in making something with a name. */
static uint64_t second_argument(int nr, uint64_t garbage)
{
	return nr == SYS_msgget ? garbage & ~(uint64_t)IPC_CREAT : garbage;
}

int main(void)
{
	static const uint64_t rows[][6] = {
		{ -1, -1, -1, -1, -1, -1 },
		{ 0xdeadbeefcafe0123, 0x123456789abcdef1, 0x8000000000000001, 0x7ffffffff001,
			0xffffffff80000003, 0x1234567 },
		{ 0x7fffffff, 0x1001, 0x80000001, 0x1003, 0xfff1, 0x1005 },
	};

	if (!getuid() && (setgroups(0, NULL) || setresgid(65534, 65534, 65534) ||
				 setresuid(65534, 65534, 65534)))
		return 1;
	for (unsigned r = 0; r < sizeof(rows) / sizeof(rows[0]); r++)
		for (int nr = 0; nr < LAST; nr++)
			if (!is_left_out(nr))
				syscall(nr, rows[r][0], second_argument(nr, rows[r][1]), rows[r][2],
					rows[r][3], rows[r][4], rows[r][5]);
	return 0;
}
