/*
 * What the inline engine shares with it, it tries to shorten, to make holes in and to write through files,
 * after each of 40 threads has begun; then it goes on as if nothing had been.
 * oracle: no (what it finds depends on who traces it)
 * role: enemy
 */
#define _GNU_SOURCE
#include "must.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static int found, changed;

static void attack(unsigned long start, unsigned long end)
{
	char path[64];
	int fd;

	found++;
	changed += madvise((void *)start, end - start, MADV_REMOVE) == 0;
	madvise((void *)start, end - start, MADV_DONTNEED);
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", start, end);
	fd = open(path, O_RDWR); /* with CAP_CHECKPOINT_RESTORE */
	if (fd < 0)
		return;
	changed += ftruncate(fd, 0) == 0;
	changed += ftruncate(fd, 1ull << 40) == 0;
	changed += fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, end - start) == 0;
	changed += write(fd, path, sizeof(path)) > 0;
	changed += mmap(NULL, end - start, PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED;
	close(fd);
}

static void attack_all(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long start, end;
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, "rw-s") && strstr(line, "fasttrace") &&
			sscanf(line, "%lx-%lx", &start, &end) == 2)
			attack(start, end);
	fclose(f);
}

static void *run(void *arg)
{
	for (int i = 0; i < 20; i++)
		getppid();
	attack_all();
	return arg;
}

int main(void)
{
	pthread_t threads[40];

	for (int i = 0; i < 40; i++)
		must_zero(pthread_create(&threads[i], NULL, run, NULL));
	for (int i = 0; i < 40; i++)
		pthread_join(threads[i], NULL);
	printf("%s, %d changed\n", found ? "attacked" : "found nothing", changed);
	return 0;
}
