/* Descriptors, and what they are if somebody keeps that. */
#include <fcntl.h>

#include "decode/families.h"
#include "decode/opened.h"
#include "decode/walk.h"

static bool is_told(struct ft_walk *walk, int32_t fd)
{
	if (!walk->files || !walk->sink->ops->descriptor)
		return false;
	walk->sink->ops->descriptor(
		walk->sink, fd, ft_opened_find(walk->files, walk->view->event, fd, walk->after));
	return true;
}

void ft_show_fd(struct ft_walk *walk, uint64_t value)
{
	int32_t fd = (int32_t)value;

	/* That of the working directory is a number here. */
	if (fd < 0 || !is_told(walk, fd))
		ft_integer(walk, (uint64_t)(int64_t)fd, FT_SIGNED);
}

void ft_show_dirfd(struct ft_walk *walk, uint64_t value)
{
	int32_t fd = (int32_t)value;

	if ((fd >= 0 || fd == AT_FDCWD) && is_told(walk, fd))
		return;
	if (fd == AT_FDCWD)
		ft_named(walk, (uint64_t)(int64_t)fd, FT_SIGNED, "AT_FDCWD");
	else
		ft_integer(walk, (uint64_t)(int64_t)fd, FT_SIGNED);
}
