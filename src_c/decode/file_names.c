/* What is told of open files that have other names by now, or other ends. */
#include <string.h>

#include "decode/open_files.h"

#define SCAN_MAX 16384 /* of more files no names are changed */

static bool is_at(const struct ft_file *file, const uint8_t *path, size_t length)
{
	return file->link_length >= length && !memcmp(file->bytes, path, length) &&
	       (file->link_length == length || file->bytes[length] == '/');
}

void ft_open_files_unlinked(struct ft_open_files *f, const uint8_t *path, size_t length)
{
	static const char mark[] = " (deleted)";
	uint8_t name[FT_STRING_MAX + sizeof(mark)];

	if (!length || f->count > SCAN_MAX)
		return;
	memcpy(name, path, length);
	memcpy(name + length, mark, sizeof(mark) - 1);
	for (struct ft_file *file = f->list; file; file = file->next)
		if (file->link_length == length && is_at(file, path, length))
			ft_file_change(f, file, name, length + sizeof(mark) - 1);
}

void ft_open_files_renamed(
	struct ft_open_files *f, const uint8_t *from, size_t length, const uint8_t *to, size_t size)
{
	uint8_t name[2 * FT_STRING_MAX];

	if (f->count > SCAN_MAX)
		return;
	ft_open_files_unlinked(f, to, size);
	memcpy(name, to, size);
	for (struct ft_file *file = f->list; file; file = file->next) {
		size_t rest = file->length - length;

		if (!is_at(file, from, length) || rest > FT_STRING_MAX)
			continue;
		memcpy(name + size, file->bytes + length, rest);
		ft_file_change(f, file, name, size + rest);
	}
}

bool ft_file_is_socket(const struct ft_file *file)
{
	return file->link_length > 8 && !memcmp(file->bytes, "socket:[", 8);
}

void ft_open_files_met(struct ft_open_files *f, const struct ft_file *file)
{
	const uint8_t *end = file->bytes + file->length,
		      *peer = file->bytes + file->link_length + 1;
	const uint8_t *inode = file->bytes + 8;
	size_t digits = file->link_length - 9, size;

	if (file->length < file->link_length + 13 || memcmp(peer, "UNIX-STREAM", 12) ||
		f->count > SCAN_MAX)
		return;
	peer += 12;
	size = strnlen((const char *)peer, (size_t)(end - peer));
	for (struct ft_file *other = f->list; size && other; other = other->next) {
		uint8_t bytes[128];
		size_t room = other->length;

		if (!ft_file_is_socket(other) || other->link_length != size + 9 ||
			memcmp(other->bytes + 8, peer, size) || room != other->link_length + 12 ||
			room + 1 + digits > sizeof(bytes))
			continue;
		memcpy(bytes, other->bytes, room);
		bytes[room] = 0;
		memcpy(bytes + room + 1, inode, digits);
		ft_file_change(f, other, bytes, room + 1 + digits);
	}
}
