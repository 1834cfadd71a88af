/* The leader has ended, its thread reads stdin to the end and ends the process.
 * role: attach
 * oracle: no (waits for its leader by polling)
 */
#define _GNU_SOURCE
#include "must.h"
#include <pthread.h>
#include <unistd.h>

static char state_of_leader(void)
{
	char line[256] = "", *p;
	FILE *f = fopen("/proc/self/stat", "r");

	if (!f || !fgets(line, sizeof(line), f))
		abort();
	fclose(f);
	p = line;
	for (char *q = line; *q; q++)
		if (*q == ')')
			p = q;
	return p[2];
}

static void *rest(void *arg)
{
	char c;

	(void)arg;
	while (state_of_leader() != 'Z')
		continue;
	puts("ready");
	fflush(stdout);
	must(read(0, &c, 1));
	exit(4);
}

int main(void)
{
	pthread_t t;

	must_zero(pthread_create(&t, NULL, rest, NULL));
	pthread_exit(NULL);
}
