/* Executes itself again and again until its stdin ends; argument: how often it has.
 * args: 0
 * role: attach
 * oracle: no (how far it comes is a matter of time)
 */
#define _GNU_SOURCE
#include "must.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct pollfd in = { .fd = 0, .events = POLLIN };
	char number[16];

	(void)argc;
	if (!strcmp(argv[1], "0")) {
		puts("ready");
		fflush(stdout);
	}
	if (must(poll(&in, 1, 0)))
		return 0;
	snprintf(number, sizeof(number), "%ld", strtol(argv[1], NULL, 10) + 1);
	argv[1] = number;
	must(execv("/proc/self/exe", argv));
}
