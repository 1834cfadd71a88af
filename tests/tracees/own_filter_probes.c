/* Tells what comes of calls that install no seccomp filter: as libseccomp asks what there is, and programs that cannot be
 * read. rights: before it has no_new_privs, too; refused: and of such as the kernel refuses.
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "expect.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };

static void tell(const char *what, unsigned long n, long got)
{
	printf("%s %lx: %d\n", what, n, got < 0 ? errno : 0);
}

static void set(const char *what, unsigned long n, unsigned short len, const void *code)
{
	struct sock_fprog prog = { len, (struct sock_filter *)code };

	tell(what, n, syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog));
	tell(what, n, prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
}

static void ask(void)
{
	unsigned int action = SECCOMP_RET_LOG;
	struct seccomp_notif_sizes sizes;
	struct sock_fprog prog = { 1, allow };

	tell("strict", 1, syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, NULL));
	tell("strict", 2, syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, "x"));
	for (unsigned long flag = 0; flag < 64; flag++)
		tell("flags", flag, syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag, NULL));
	tell("flag", 7, syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 1 << 20, &prog));
	tell("action", 0, syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action));
	tell("sizes", 0, syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes));
	tell("operation", 9, syscall(SYS_seccomp, 9, 0, NULL));
	tell("mode", 7, prctl(PR_SET_SECCOMP, 7, NULL));
	tell("mode", 2, prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL));
	tell("mode", 0, prctl(PR_GET_SECCOMP));
}

static void unreadable(void)
{
	char *pages =
		must(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	const size_t half = 4096 - sizeof(allow[0]);

	memcpy(pages + half, allow, sizeof(allow));
	must(mprotect(pages + 4096, 4096, PROT_NONE));
	set("length", 0, 0, allow);
	set("length", 4097, 4097, allow);
	set("code", 8, 1, (void *)8);
	set("code", 9, 4096, (void *)-8192);
	set("half", 2, 2, pages + half);
	tell("program", 8, syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, pages + 4096 - 8));
	tell("program", 9, prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, -8192));
}

static void refused(void)
{
	const struct sock_filter wrong[] = {
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0, 64 },
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0, 2 },
		{ BPF_LD | BPF_H | BPF_ABS, 0, 0, 0 },
		{ BPF_LD | BPF_MEM, 0, 0, 1 },
		{ BPF_JMP | BPF_JA, 0, 0, 7 },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 7 },
		{ BPF_ALU | BPF_DIV | BPF_K, 0, 0, 0 },
		{ BPF_ALU | BPF_MOD | BPF_K, 0, 0, 3 },
		{ 0xffff, 0, 0, 3 },
	};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct sock_filter code[] = { wrong[i], allow[0] };

		set("wrong", i, 2, code);
		set("no end", i, 1, code);
	}
}

int main(int argc, char **argv)
{
	const char *more = argc > 1 ? argv[1] : "";

	if (!strcmp(more, "rights")) {
		ask();
		unreadable();
		fflush(stdout);
		printf("without %d\n", in_child(set("first", 1, 1, allow); fflush(stdout)));
	}
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	ask();
	unreadable();
	if (!strcmp(more, "refused"))
		refused();
	set("last", 1, 1, allow);
	unreadable();
	return 0;
}
