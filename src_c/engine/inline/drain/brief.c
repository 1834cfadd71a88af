#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/drain/brief.h"

#include <sys/syscall.h>

#include "engine/inline/drain/drain.h"
#include "session/emit.h"
#include "session/record.h"

#define AHEAD 512 /* bytes: the task's processor has written them, and this one has not seen them */

#define BATCH (sizeof(((struct ft_inline *)0)->counted) / sizeof(struct ft_tally_call))

/* errno: of an rt_sigreturn that was made the result is another call's. */
static int32_t error_of(uint64_t nr, int64_t ret)
{
	if (ret >= 0 || ret < -FT_ERRNO_MAX)
		return 0;
	return (uint32_t)nr == SYS_rt_sigreturn && nr & FT_BRIEF_MARK ? 0 : (int32_t)-ret;
}

void ft_brief_take(struct ft_session *s, struct ft_inline_task *it, uint32_t end)
{
	struct ft_inline *in = s->in;
	const uint64_t now = ft_tsc_now();
	uint64_t last = it->last_tick;
	bool wanted = false, asks = false;
	uint32_t known = 0;
	size_t n = 0;

	for (uint32_t at = it->drained; at < end; at += sizeof(struct ft_brief)) {
		const struct ft_brief *brief =
			(const struct ft_brief *)((const uint8_t *)it->area + at);
		const uint64_t nr = ft_area_get(&brief->nr);
		const int64_t ret = (int64_t)ft_area_get((const uint64_t *)&brief->ret);
		uint64_t start = ft_area_get(&brief->start), end_tick = ft_area_get(&brief->end);

		ft_drain_bound(last, now, &start, &end_tick);
		last = end_tick;
		__builtin_prefetch((const uint8_t *)brief + AHEAD);
		if ((uint32_t)nr != known || at == it->drained) {
			known = (uint32_t)nr;
			wanted = ft_record_wants(s, FT_ABI_X86_64, known);
			asks = known == SYS_rt_sigprocmask;
		}
		if (asks && nr & FT_BRIEF_MARK)
			ft_record_engine_call(s, it->task, known); /* the recorder's own */
		if (!wanted)
			continue;
		in->counted[n++] = (struct ft_tally_call){
			.ns = ft_tsc_span(&in->clock, start, last),
			.nr = (int32_t)known,
			.error = error_of(nr, ret),
		};
		if (n < BATCH)
			continue;
		ft_emit_counted(s, it->task, FT_ABI_X86_64, in->counted, n);
		n = 0;
	}
	if (n)
		ft_emit_counted(s, it->task, FT_ABI_X86_64, in->counted, n);
	it->drained = end;
	it->last_tick = last;
	it->last_ns = ft_tsc_ns(&in->clock, last);
}
#endif
