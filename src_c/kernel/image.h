/* What execve(2) has put on a new program's stack. */
#ifndef FT_IMAGE_H
#define FT_IMAGE_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FT_COMM_MAX 15 /* TASK_COMM_LEN without its NUL */

/*
 * The name that the kernel gave a process, and its argument list as /proc/PID/cmdline has it, cut at max: of one that
 * stands at its exec with this stack pointer. Returns the list's length; or a negative errno: ask /proc.
 */
struct ft_image {
	uint64_t vdso; /* where the kernel says that the vDSO lies */
	uint64_t program; /* most often another number for another program file */
}; /* 0: there is none, or it cannot be read here */
ssize_t ft_image_read(pid_t pid, uint64_t stack, char comm[FT_COMM_MAX + 1], char *argv, size_t max,
	struct ft_image *out);

#endif
