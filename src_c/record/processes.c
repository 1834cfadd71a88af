#include "record/processes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int32_t ft_process_add(struct ft_process_table *p, pid_t pid, pid_t ppid, uint64_t now)
{
	if (p->all.count == p->room) {
		size_t room = p->room ? p->room * 2 : 64;
		struct ft_process *list = realloc(p->all.list, room * sizeof(*list));

		if (!list)
			return -ENOMEM;
		p->all.list = list;
		p->room = room;
	}
	p->all.list[p->all.count] = (struct ft_process){
		.pid = pid,
		.ppid = ppid,
		.serial = (int32_t)p->all.count + 1,
		.status = -1,
		.start_ns = now,
	};
	return (int32_t)++p->all.count;
}

struct ft_process *ft_process_at(struct ft_process_table *p, int32_t serial)
{
	return &p->all.list[serial - 1];
}

static uint32_t hash(const char *s, size_t len)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	while (len--)
		h = (h ^ (uint8_t)*s++) * 16777619u;
	return h;
}

static size_t intern_slot(const struct ft_process_table *p, const char *s, size_t len)
{
	size_t i = hash(s, len) & (p->interned_room - 1);

	while (p->interned[i] &&
		(p->interned_len[i] != len || memcmp(p->all.strings + p->interned[i] - 1, s, len)))
		i = (i + 1) & (p->interned_room - 1);
	return i;
}

static int intern_grow(struct ft_process_table *p)
{
	struct ft_process_table bigger = *p;
	size_t i;

	bigger.interned_room = p->interned_room ? p->interned_room * 2 : 256;
	bigger.interned = calloc(bigger.interned_room, sizeof(uint32_t));
	bigger.interned_len = calloc(bigger.interned_room, sizeof(uint32_t));
	if (!bigger.interned || !bigger.interned_len) {
		free(bigger.interned);
		free(bigger.interned_len);
		return -ENOMEM;
	}
	for (i = 0; i < p->interned_room; i++) {
		size_t to;

		if (!p->interned[i])
			continue;
		to = intern_slot(&bigger, p->all.strings + p->interned[i] - 1, p->interned_len[i]);
		bigger.interned[to] = p->interned[i];
		bigger.interned_len[to] = p->interned_len[i];
	}
	free(p->interned);
	free(p->interned_len);
	*p = bigger;
	return 0;
}

/* Keeps the string, or finds it kept already: 1. 0: there is no room for it by FT_ARGVS_MAX. */
static int intern(struct ft_process_table *p, const char *s, size_t len, uint32_t *out)
{
	size_t i;

	if (p->interned_count * 2 >= p->interned_room && intern_grow(p) < 0)
		return -ENOMEM;
	i = intern_slot(p, s, len);
	if (!p->interned[i]) {
		if (p->interned_count == FT_ARGVS_MAX ||
			len > FT_ARGVS_MAX_BYTES - p->all.strings_len)
			return 0;
		while (p->all.strings_len + len > p->strings_room) {
			size_t room = p->strings_room ? p->strings_room * 2 : 4096;
			char *strings = realloc(p->all.strings, room);

			if (!strings)
				return -ENOMEM;
			p->all.strings = strings;
			p->strings_room = room;
		}
		memcpy(p->all.strings + p->all.strings_len, s, len);
		p->interned[i] = (uint32_t)p->all.strings_len + 1;
		p->interned_len[i] = (uint32_t)len;
		p->all.strings_len += len;
		p->interned_count++;
	}
	*out = p->interned[i] - 1;
	return 1;
}

int ft_process_set(struct ft_process_table *p, int32_t serial, const char *comm, const char *argv,
	size_t argv_len)
{
	struct ft_process *proc = ft_process_at(p, serial);
	int rc = 0;

	memset(proc->comm, 0, sizeof(proc->comm));
	strncpy(proc->comm, comm, sizeof(proc->comm) - 1);
	proc->argv_len = 0;
	if (argv_len) {
		rc = intern(p, argv, argv_len, &proc->argv);
		if (rc > 0)
			proc->argv_len = (uint32_t)argv_len;
	}
	return rc < 0 ? rc : 0;
}

void ft_process_inherit(struct ft_process_table *p, int32_t serial, int32_t parent)
{
	struct ft_process *child = ft_process_at(p, serial);
	const struct ft_process *from = ft_process_at(p, parent);

	memcpy(child->comm, from->comm, sizeof(child->comm));
	child->argv = from->argv;
	child->argv_len = from->argv_len;
	child->engine = from->engine;
	child->why = from->why;
}

int ft_process_copy(const struct ft_process_table *p, struct ft_processes *out)
{
	*out = (struct ft_processes){ .count = p->all.count, .strings_len = p->all.strings_len };
	out->list = malloc(p->all.count * sizeof(*out->list) + 1);
	out->strings = malloc(p->all.strings_len + 1);
	if (!out->list || !out->strings) {
		ft_processes_free(out);
		return -ENOMEM;
	}
	if (p->all.count)
		memcpy(out->list, p->all.list, p->all.count * sizeof(*out->list));
	if (p->all.strings_len)
		memcpy(out->strings, p->all.strings, p->all.strings_len);
	return 0;
}

void ft_processes_free(struct ft_processes *p)
{
	free(p->list);
	free(p->strings);
	*p = (struct ft_processes){ 0 };
}

void ft_process_table_free(struct ft_process_table *p)
{
	ft_processes_free(&p->all);
	free(p->interned);
	free(p->interned_len);
}
