/* Threads, files and memory under AddressSanitizer; without its leak detector, which does not run when traced.
 * build: -fsanitize=address
 */
#define _GNU_SOURCE
#include "expect.h"
#include <fcntl.h>
#include <pthread.h>
#include <string.h>

const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static void *run(void *arg)
{
	char *text = strdup(arg);
	FILE *f = fopen("/proc/self/comm", "r");
	long sum = 0;

	expect(f && fgets(text, (int)strlen(arg) + 1, f));
	fclose(f);
	for (int i = 0; i < 100; i++) {
		char *block = malloc((size_t)i + 1);

		memset(block, i, (size_t)i + 1);
		sum += block[i] + (getppid() > 0);
		free(block);
	}
	free(text);
	return (void *)sum;
}

int main(void)
{
	static char room[] = "room for the name of a thread";
	pthread_t t[4];
	void *sum;

	for (int i = 0; i < 4; i++) {
		must_zero(pthread_create(&t[i], NULL, run, room));
		must_zero(pthread_join(t[i], &sum));
		printf("sum %ld\n", (long)sum);
	}
	printf("child %d\n", in_child(_exit(run(room) == sum ? 7 : 1)));
	return 0;
}
