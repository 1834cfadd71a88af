#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/space/placing.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/inline/maps.h"
#include "engine/inline/mem.h"
#include "engine/inline/patch/near.h"
#include "engine/inline/patch/text.h"
#include "engine/inline/permits.h"
#include "engine/inline/run/arming.h"
#include "engine/inline/run/run.h"
#include "engine/inline/run/snippet.h"
#include "engine/inline/space/calls.h"
#include "engine/inline/space/code.h"
#include "engine/inline/space/memory.h"
#include "engine/inline/space/space.h"
#include "engine/inline/space/unmap.h"
#include "kernel/proc.h"

#define PAGE 4096u

/* Where code may be written for a task to run. */
struct place {
	uint64_t at;
	bool ours; /* nothing of the program's stands there */
};

/* A place for a new program: behind its vDSO, or for a moment in the text that it stands in. */
static int find_place(const struct ft_session *s, const struct ft_task *t, uint64_t ip,
	const struct ft_mapping *text, struct place *out)
{
	const size_t size = sizeof(((struct ft_snippet *)0)->code);

	if (t->image.vdso && s->in->vdso_end) {
		*out = (struct place){ t->image.vdso + s->in->vdso_end, true };
		return 0;
	}
	if (!text->exec || text->shared || text->end - text->start < size)
		return -EACCES;
	*out = (struct place){ ip & ~(uint64_t)(PAGE - 1), false };
	if (out->at + size > text->end)
		out->at = text->start;
	return 0;
}

/* Whether what is mapped at an address is this file of ours. */
static bool is_ours(const struct ft_space *sp, uint64_t address, int fd)
{
	struct ft_mapping m;
	struct stat st;

	return !ft_maps_find(sp->pid, address, &m) && !fstat(fd, &st) && m.dev == st.st_dev &&
	       m.inode == st.st_ino;
}

/* A process of its own does not say whether it could map them. */
static int seal(struct ft_space *sp, const struct ft_snippet *c, int areas, int code)
{
	if (c->apart_calls && (!is_ours(sp, FT_MEMORY_BASE, areas) ||
				      (code >= 0 && !is_ours(sp, FT_RECORDER_BASE, code))))
		return -EEXIST;
	return ft_memory_seal(sp, areas);
}

/* As ft_run_undo(), and what was mapped by a process of its own: of that the snippet does not tell. */
static void undo(struct ft_session *s, struct ft_task *t, const struct ft_space *sp,
	const struct ft_snippet *c, int areas, int code, struct ft_standing *state)
{
	struct ft_snippet more;

	if (ft_run_undo(s, t, ft_mem_of(sp), c, state) == -ESRCH)
		return;
	ft_snippet_start(&more, c->address, NULL, 0);
	if (areas >= 0 && is_ours(sp, FT_MEMORY_BASE, areas))
		ft_snippet_call(&more, SYS_munmap, (uint64_t[6]){ FT_MEMORY_BASE, FT_MEMORY_FIRST },
			0, false);
	if (code >= 0 && is_ours(sp, FT_RECORDER_BASE, code))
		ft_snippet_call(&more, SYS_munmap,
			(uint64_t[6]){ FT_RECORDER_BASE, FT_RECORDER_SIZE }, 0, false);
	if (more.calls)
		ft_run_snippet(s, t, ft_mem_of(sp), &more, state);
}

/* The whole of it in one go, while there is but one thread; code, near: that, too. */
static int map_ours(struct ft_session *s, struct ft_task *t, struct ft_space *sp,
	struct place place, bool code, uint64_t near, struct ft_standing *state)
{
	char path[48];
	const char *const strings[] = { path, s->in->code_path };
	int fd = ft_memory_new(sp, s->in->self, path), rc;
	struct ft_snippet c;

	if (fd < 0)
		return fd;
	if (code || !ft_calls_birth(s->in, t, fd, &c)) {
		ft_snippet_start(&c, place.at, strings, 1 + code);
		c.stays = place.ours;
		if (!code && t->in->birth_flags & CLONE_FILES)
			ft_snippet_apart(&c);
		ft_calls_map_areas(&c, 0);
		if (c.apart)
			ft_snippet_together(&c);
		ft_calls_hide_areas(&c);
		if (code)
			ft_calls_map_code(&c, 1);
		if (near)
			ft_calls_map_empty(&c, near, FT_NEAR_SIZE);
		if (!t->filters) /* which it might fear for nothing */
			ft_calls_arm(&c);
	}
	rc = ft_run_snippet(s, t, c.is_there ? -EBADF : ft_mem_of(sp), &c, state);
	if (!rc)
		rc = seal(sp, &c, fd, -1);
	if (!rc && near)
		rc = ft_near_add_blank(sp, near);
	state->armed = !rc && !t->filters;
	if (rc < 0 && rc != -ESRCH) {
		if (!t->filters && c.done == c.calls)
			ft_arming_disarm(s, t, sp);
		undo(s, t, sp, &c, fd, code ? s->in->code : -1, state);
	}
	if (rc < 0)
		ft_memory_free(sp);
	close(fd);
	return rc;
}

static void close_theirs(struct ft_session *s, struct ft_task *t, const struct ft_space *sp,
	struct place place, int theirs, struct ft_standing *state)
{
	struct ft_snippet c;

	ft_snippet_start(&c, place.at, NULL, 0);
	c.stays = place.ours;
	ft_snippet_call(&c, SYS_close, (uint64_t[6]){ (uint64_t)theirs }, 0, false);
	ft_run_snippet(s, t, ft_mem_of(sp), &c, state);
}

/* Where no path leads the task to what is ours: it makes the memory itself, and the code is written into its own. */
static int map_theirs(struct ft_session *s, struct ft_task *t, struct ft_space *sp,
	struct place place, bool code, uint64_t near, struct ft_standing *state)
{
	const char *const strings[] = { "fasttrace" };
	struct ft_snippet c;
	int fd, theirs, rc;

	if (!ft_permits(t, SYS_close, (uint64_t[6]){ 0 }, FT_SECCOMP_ARG(0)))
		return -EPERM; /* the program would keep it */
	ft_snippet_start(&c, place.at, strings, 1);
	c.stays = place.ours;
	ft_snippet_call(&c, SYS_memfd_create,
		(uint64_t[6]){ ft_snippet_string(&c, 0), MFD_CLOEXEC | MFD_ALLOW_SEALING }, 0,
		true);
	rc = ft_run_snippet(s, t, ft_mem_of(sp), &c, state);
	if (rc < 0)
		return rc;
	theirs = c.fd;
	fd = ft_memory_take(sp, t, theirs);
	if (fd < 0) {
		close_theirs(s, t, sp, place, theirs, state);
		return fd;
	}
	ft_snippet_start(&c, place.at, NULL, 0);
	c.stays = place.ours;
	ft_calls_map_areas_of(&c, theirs);
	ft_snippet_call(&c, SYS_close, (uint64_t[6]){ (uint64_t)theirs }, 0, false);
	ft_calls_hide_areas(&c);
	if (code)
		ft_calls_map_empty(&c, FT_RECORDER_BASE, FT_RECORDER_SIZE);
	if (near)
		ft_calls_map_empty(&c, near, FT_NEAR_SIZE);
	rc = ft_run_snippet(s, t, ft_mem_of(sp), &c, state);
	if (!rc)
		rc = ft_memory_seal(sp, fd);
	if (!rc && code)
		rc = ft_code_write(s, sp);
	if (!rc && near)
		rc = ft_near_add(s, sp, near);
	if (rc < 0 && rc != -ESRCH) {
		ft_run_undo(s, t, ft_mem_of(sp), &c, state);
		if (c.done < 2)
			close_theirs(s, t, sp, place, theirs, state);
	}
	if (rc < 0)
		ft_memory_free(sp);
	close(fd);
	return rc;
}

/* Another user's, or in another root or namespace, where the path is nobody's. */
static bool is_no_way(int rc)
{
	return rc == -EACCES || rc == -EPERM || rc == -ENOENT || rc == -ENOTDIR || rc == -ELOOP;
}

static int map_all(struct ft_session *s, struct ft_task *t, struct ft_space *sp, struct place place,
	bool code, uint64_t near, struct ft_standing *state)
{
	int rc = -EACCES;

	if (!t->foreign)
		rc = map_ours(s, t, sp, place, code, near, state);
	if (!is_no_way(rc))
		return rc;
	t->foreign = true;
	/* Others might meet the descriptor. */
	if (!code && t->in->birth_flags & CLONE_FILES)
		return -EACCES;
	return map_theirs(s, t, sp, place, code, near, state);
}

int ft_space_new(struct ft_session *s, struct ft_task *t, struct ft_standing *state,
	struct ft_mapping *text, struct ft_space **out)
{
	struct ft_space *sp = ft_space_alloc(s->in, t->tgid);
	uint64_t ip = state->regs.rip, near = ft_maps_likely_gap(ip);
	struct place place;
	int rc;

	if (!sp)
		return -ENOMEM;
	rc = ft_mem_of(sp) < 0 ? ft_mem_of(sp) : 0;
	if (!rc)
		rc = ft_maps_find_in(&s->in->maps, sp, ip, text);
	if (!rc)
		rc = find_place(s, t, ip, text, &place);
	if (!rc)
		rc = near ? map_all(s, t, sp, place, true, near, state) : -EEXIST;
	if (rc == -EEXIST) {
		near = ft_maps_gap_in(&s->in->maps, sp, ip, FT_NEAR_SIZE);
		rc = map_all(s, t, sp, place, true, near, state);
	}
	if (rc < 0)
		ft_space_free(sp);
	else
		*out = sp;
	return rc;
}

int ft_space_place_areas(struct ft_session *s, struct ft_task *t, struct ft_standing *state)
{
	struct ft_space *sp = t->in->space;
	uint64_t near = ft_near_first(sp);

	if (!near)
		return -ENOSPC; /* nowhere to write the code that maps them */
	return map_all(s, t, sp, (struct place){ near + FT_NEAR_SCRATCH, true }, false, 0, state);
}

int ft_space_attach(struct ft_session *s, struct ft_task *t, struct ft_space **out)
{
	struct ft_space *sp = ft_space_alloc(s->in, t->tgid);
	char path[48];
	const char *const strings[] = { path, s->in->code_path };
	uint64_t insn = 0, near = 0;
	struct ft_snippet c;
	int64_t result = -ENOENT;
	int fd = -1, rc;

	if (!sp)
		return -ENOMEM;
	rc = ft_mem_of(sp) < 0 ? ft_mem_of(sp) : 0;
	if (!rc)
		rc = fd = ft_memory_new(sp, s->in->self, path);
	if (rc >= 0)
		insn = ft_unmap_vdso_call(sp);
	if (insn)
		near = ft_maps_gap_in(&s->in->maps, sp, insn, FT_NEAR_SIZE);
	if (near)
		rc = ft_run_call(s, t, insn, SYS_mmap,
			(uint64_t[6]){ near, FT_NEAR_SIZE, PROT_READ | PROT_EXEC,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, (uint64_t)-1 },
			&result);
	if (rc >= 0 && result < 0)
		rc = (int)result;
	if (rc < 0)
		goto out;
	rc = ft_near_add(s, sp, near);
	if (!rc) {
		ft_snippet_start(&c, near + FT_NEAR_SCRATCH, strings, 2);
		ft_snippet_apart(&c);
		ft_calls_map_code(&c, 1);
		ft_calls_map_areas(&c, 0);
		ft_snippet_together(&c);
		ft_calls_hide_areas(&c);
		sp->partial = true;
		rc = ft_run_snippet(s, t, ft_mem_of(sp), &c, NULL);
		if (!rc)
			rc = seal(sp, &c, fd, s->in->code);
		if (rc < 0 && rc != -ESRCH)
			undo(s, t, sp, &c, fd, s->in->code, NULL);
	}
	if (rc < 0 && rc != -ESRCH)
		ft_unmap_one(s, t, sp, insn, near, FT_NEAR_SIZE);
out:
	if (fd >= 0)
		close(fd);
	if (rc < 0)
		ft_space_free(sp);
	else
		*out = sp;
	return rc;
}
#endif
