/* For tracees: a signal mask of their own as /proc tells it. */
#ifndef STATUS_H
#define STATUS_H

#include "must.h"
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* field: "SigBlk:", "SigIgn:" ...: proc_pid_status(5). */
static inline uint64_t status_mask(const char *field)
{
	char text[4096];
	int fd = must(open("/proc/self/status", O_RDONLY));
	ssize_t length = must(read(fd, text, sizeof(text) - 1));

	must(close(fd));
	text[length] = 0;
	return strtoull(strstr(text, field) + strlen(field), NULL, 16);
}

#endif
