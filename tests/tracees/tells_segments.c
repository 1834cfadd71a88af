/*
 * role: named
 * arch: x86_64
 *
 * Segments of threads and of the process; those of threads 32-bit programs alone can have.
 */
#include "tells.h"
#include <asm/ldt.h>

#ifdef __i386__
static void of_process(struct user_desc *d)
{
	syscall(SYS_modify_ldt, 1, d, sizeof(*d));
	syscall(SYS_modify_ldt, 0x11, d, sizeof(*d));
	syscall(SYS_modify_ldt, 0x11, WRONG, sizeof(*d));
	syscall(SYS_modify_ldt, 1, d, sizeof(*d) - 1);
	syscall(SYS_modify_ldt, 0, WRONG, 0L);
}
#endif

int main(void)
{
	struct user_desc d = { .entry_number = -1,
		.base_addr = 0x12345000,
		.limit = 0xfffff,
		.seg_32bit = 1,
		.limit_in_pages = 1,
		.useable = 1 };
	struct user_desc asked = { .entry_number = 13 };

	syscall(SYS_set_thread_area, &d);
	syscall(SYS_get_thread_area, &asked);
	asked.entry_number = 5;
	syscall(SYS_get_thread_area, &asked);
	syscall(SYS_get_thread_area, WRONG);
	syscall(SYS_get_thread_area, NULL);
	syscall(SYS_set_thread_area, WRONG);
	syscall(SYS_set_thread_area, NULL);
	d = (struct user_desc){
		.entry_number = 12, .contents = 3, .read_exec_only = 1, .seg_not_present = 1
	};
	syscall(SYS_set_thread_area, &d);
	syscall(SYS_set_thread_area, at_the_end(&d, sizeof(d)));
	syscall(SYS_set_thread_area, at_the_end(&d, sizeof(d) - 4));
	syscall(SYS_get_thread_area, at_the_end(&d, 4));
#ifdef __i386__
	of_process(&d); /* strace has results of 64-bit programs as errors, too */
#endif
	return 0;
}
