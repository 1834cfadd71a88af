#define _GNU_SOURCE
#include "kernel/tsc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/clock.h"

#define TRIES	      5
#define INTERVAL_NS   1000000
#define FIRST_SPAN_NS 100000 /* two readings must be this far apart to give a rate */

#if defined(__x86_64__)
#include <cpuid.h>
#include <fcntl.h>
#include <unistd.h>
#include <x86intrin.h>

uint64_t ft_tsc_now(void)
{
	return __rdtsc();
}

int ft_tsc_usable(void)
{
	static const char *const trusted[] = { "tsc", "kvm-clock", "hyperv_clocksource_tsc_page" };
	unsigned a, b, c, d;
	char name[64];
	ssize_t n;
	int fd;

	if (!__get_cpuid(0x80000007, &a, &b, &c, &d) || !(d >> 8 & 1)) /* invariant TSC */
		return 0;
	fd = open("/sys/devices/system/clocksource/clocksource0/current_clocksource",
		O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 1; /* no /sys here: the processor's word must do */
	n = read(fd, name, sizeof(name) - 1);
	close(fd);
	name[n > 0 ? n : 0] = 0;
	name[strcspn(name, "\n")] = 0;
	for (size_t i = 0; i < sizeof(trusted) / sizeof(trusted[0]); i++)
		if (!strcmp(name, trusted[i]))
			return 1;
	return 0;
}
#else
uint64_t ft_tsc_now(void)
{
	return 0;
}

int ft_tsc_usable(void)
{
	return 0;
}
#endif

/* Of a few tries the one that took least time. */
static struct ft_tsc_point both_clocks(void)
{
	struct ft_tsc_point best = { 0 };
	uint64_t width = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = ft_tsc_now();
		uint64_t ns = ft_now();
		uint64_t after = ft_tsc_now();

		if (after - before >= width)
			continue;
		width = after - before;
		best.tsc = before + width / 2;
		best.ns = ns;
	}
	return best;
}

int ft_tsc_start(struct ft_tsc *clock)
{
	clock->points = malloc(FT_TSC_POINTS * sizeof(*clock->points));
	if (!clock->points)
		return -ENOMEM;
	clock->points[0] = both_clocks();
	clock->count = 1;
	clock->interval_ns = INTERVAL_NS;
	return 0;
}

uint64_t ft_tsc_first(const struct ft_tsc *clock)
{
	return clock->points[0].tsc;
}

void ft_tsc_end(struct ft_tsc *clock)
{
	free(clock->points);
	clock->points = NULL;
}

static void connect(struct ft_tsc_point *from, const struct ft_tsc_point *to)
{
	from->scale =
		(uint64_t)((unsigned __int128)(to->ns - from->ns) << 32) / (to->tsc - from->tsc);
}

static void thin_out(struct ft_tsc *clock)
{
	int kept = 0;

	for (int i = 0; i < clock->count; i += 2)
		clock->points[kept++] = clock->points[i];
	clock->count = kept;
	for (int i = 0; i + 1 < kept; i++)
		connect(&clock->points[i], &clock->points[i + 1]);
	clock->points[kept - 1].scale = clock->points[kept - 2].scale;
	clock->interval_ns *= 2;
}

void ft_tsc_mark(struct ft_tsc *clock)
{
	struct ft_tsc_point *last = &clock->points[clock->count - 1], now;

	now = both_clocks();
	if (clock->count > 1 && now.ns - last->ns < clock->interval_ns)
		return;
	while (now.ns - last->ns < FIRST_SPAN_NS || now.tsc <= last->tsc)
		now = both_clocks();
	if (clock->count == FT_TSC_POINTS) {
		thin_out(clock);
		last = &clock->points[clock->count - 1];
	}
	connect(last, &now);
	now.scale = last->scale;
	clock->points[clock->count++] = now;
}

uint64_t ft_tsc_ns(const struct ft_tsc *clock, uint64_t tsc)
{
	const struct ft_tsc_point *p = &clock->points[clock->count - 1];
	int low = 0, high = clock->count - 1;

	/* Most times are the latest. */
	if (tsc < p->tsc && high > 0 && tsc >= p[-1].tsc)
		low = high = high - 1;
	else if (tsc >= p->tsc)
		low = high;
	while (low < high) {
		int middle = (low + high + 1) / 2;

		if (clock->points[middle].tsc <= tsc)
			low = middle;
		else
			high = middle - 1;
	}
	p = &clock->points[low];
	if (tsc >= p->tsc)
		return p->ns + (uint64_t)((unsigned __int128)(tsc - p->tsc) * p->scale >> 32);
	return p->ns - (uint64_t)((unsigned __int128)(p->tsc - tsc) * p->scale >> 32);
}
