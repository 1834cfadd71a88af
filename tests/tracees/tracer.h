/* For tracees that attack their tracer: who it is. */
#ifndef TRACER_H
#define TRACER_H

#include "must.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline int tracer(void)
{
	char text[4096];
	int fd = must(open("/proc/self/status", O_RDONLY));
	ssize_t n = must(read(fd, text, sizeof(text) - 1));

	close(fd);
	text[n] = 0;
	return atoi(strstr(text, "TracerPid:") + 10);
}

#endif
