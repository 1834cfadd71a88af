/* Looks for the process that its tracer is woken by, and stops it, traces it, kills it or sends it SIGSEGV.
 * args: stop
 * role: enemy
 */
#define _GNU_SOURCE
#include "must.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>

static char *status_of(const char *pid)
{
	static char text[4096];
	char path[300];
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	return text;
}

static int field(const char *status, const char *name)
{
	const char *line = strstr(status, name);

	return line ? atoi(line + strlen(name)) : 0;
}

static void disturb(pid_t pid, const char *how)
{
	if (!strcmp(how, "stop"))
		kill(pid, SIGSTOP);
	else if (!strcmp(how, "kill"))
		kill(pid, SIGKILL);
	else if (!strcmp(how, "fault"))
		kill(pid, SIGSEGV);
	else
		ptrace(PTRACE_SEIZE, pid, 0, 0);
}

/* Whether there was one. */
static int disturb_helper_of(int tracer, const char *how)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char path[64];
	int found = 0;

	while (!found && (entry = readdir(proc))) { /* there may be another one at once */
		char *status = status_of(entry->d_name);

		/* A child of the process whose thread traces us. */
		if (!strstr(status, "fasttrace-bell"))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%d", field(status, "PPid:"), tracer);
		if (access(path, F_OK))
			continue;
		disturb(atoi(entry->d_name), how);
		found++;
	}
	closedir(proc);
	return found;
}

int main(int argc, char **argv)
{
	int tracer = field(status_of("self"), "TracerPid:");

	alarm(60);
	while (!disturb_helper_of(tracer, argv[argc - 1])) /* it may not have its name yet */
		continue;
	puts("found");
	return 5;
}
