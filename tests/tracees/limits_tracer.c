/* Takes something away from its tracer by prlimit(2): argument 1 names it; then makes children and threads that need
 * the tracer.
 * args: fsize
 * role: enemy
 */
#define _GNU_SOURCE
#include "expect.h"
#include "tracer.h"
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>

static const struct {
	const char *name;
	int resource;
} limits[] = { { "core", RLIMIT_CORE }, { "fsize", RLIMIT_FSIZE }, { "locks", RLIMIT_LOCKS },
	{ "memlock", RLIMIT_MEMLOCK }, { "msgqueue", RLIMIT_MSGQUEUE }, { "nice", RLIMIT_NICE },
	{ "nproc", RLIMIT_NPROC }, { "rtprio", RLIMIT_RTPRIO }, { "rttime", RLIMIT_RTTIME },
	{ "sigpending", RLIMIT_SIGPENDING }, { "stack", RLIMIT_STACK } };

static void *calls(void *arg)
{
	for (int i = 0; i < 20; i++)
		getppid();
	return arg;
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	pthread_t t;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (!strcmp(limits[i].name, argv[argc - 1])) {
			must(prlimit(tracer(), limits[i].resource, NULL, &limit));
			limit.rlim_cur = 0; /* it may raise it again itself, at its end */
			must(prlimit(tracer(), limits[i].resource, &limit, NULL));
		}
	for (int i = 0; i < 20; i++) {
		expect(in_child(expect(tracer() > 0); calls(NULL)) == 0);
		expect(in_child(execl("/bin/sh", "sh", "-c", "exit 7", NULL)) == 7);
		must_zero(pthread_create(&t, NULL, calls, NULL));
		must_zero(pthread_join(t, NULL));
	}
	return 0;
}
