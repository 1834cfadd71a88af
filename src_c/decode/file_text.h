/* What a descriptor is, as strace writes it behind its number. */
#ifndef FT_DECODE_FILE_TEXT_H
#define FT_DECODE_FILE_TEXT_H

#include "decode/open_files.h"
#include "decode/text.h"

/* Which of them are told: strace's --decode-fds. */
enum ft_told_files {
	FT_TOLD_PATHS = 1 << 0,
	FT_TOLD_SOCKETS = 1 << 1,
	FT_TOLD_DEVICES = 1 << 2,
	FT_TOLD_PIDFDS = 1 << 3,
	FT_TOLD_ALL = (1 << 4) - 1,
};

/* Room for the text of any: each byte an escape, and what is around it. */
#define FT_FILE_TEXT_MAX (4 * FT_LINK_MAX + 64)

/* The bytes of the link without the mark of what has no name any more; deleted: it has that. */
size_t ft_file_path(const struct ft_file *file, bool *deleted);

/* The protocol of a socket of netlink; -1: it is none. */
int ft_file_netlink(const struct ft_file *file);
/* </etc/passwd>, <TCP:[...]>; told: enum ft_told_files; hex: as ft_strace_style has it. */
void ft_put_file(struct ft_text *text, const struct ft_file *file, unsigned told, unsigned hex);

#endif
