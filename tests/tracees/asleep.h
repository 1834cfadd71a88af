/* For tracees: waits until a thread of ours sleeps in a call, as /proc shows it. */
#ifndef ASLEEP_H
#define ASLEEP_H

#include "must.h"
#include <sched.h>
#include <string.h>
#include <unistd.h>

static inline void until_asleep(const volatile pid_t *tid)
{
	char state = 0;

	while (state != 'S') {
		char path[64], line[512] = "";
		FILE *f;

		sched_yield();
		if (!*tid)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/stat", *tid);
		f = fopen(path, "r");
		if (!f || !fgets(line, sizeof(line), f))
			abort();
		fclose(f);
		state = strrchr(line, ')')[2];
	}
}

#endif
