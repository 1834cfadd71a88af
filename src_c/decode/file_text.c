#include "decode/file_text.h"

#include <stdlib.h>

#define WORDS_MAX 3

struct word {
	const uint8_t *at;
	size_t length;
};

/* The words behind the link, with at least one more that is empty. */
static unsigned words_of(const struct ft_file *file, struct word words[WORDS_MAX + 1])
{
	size_t at = file->link_length + 1;
	unsigned n = 0;

	memset(words, 0, (WORDS_MAX + 1) * sizeof(*words));
	for (; at <= file->length && n < WORDS_MAX; n++) {
		const uint8_t *word = file->bytes + at;

		words[n].at = word;
		words[n].length = strnlen((const char *)word, file->length - at);
		at += words[n].length + 1;
	}
	return n;
}

static bool is(const struct word *word, const char *text)
{
	return word->length == strlen(text) && !memcmp(word->at, text, word->length);
}

static bool is_plain(const uint8_t *data, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!(data[i] >= '\t' && data[i] <= '\r') && (data[i] < ' ' || data[i] > '~'))
			return false;
	return true;
}

/* Within < and >, where these are octal, or within quotes. */
static void put_name(
	struct ft_text *text, const uint8_t *data, size_t length, unsigned hex, bool in_quotes)
{
	if (in_quotes)
		ft_puts(text, "\"");
	if (hex > 1 || (hex && !is_plain(data, length))) {
		for (size_t i = 0; i < length; i++) {
			char escape[4] = { '\\', 'x', "0123456789abcdef"[data[i] >> 4],
				"0123456789abcdef"[data[i] & 15] };

			ft_put(text, escape, sizeof(escape));
		}
	} else {
		ft_put_escaped(text, data, length, in_quotes ? "" : "<>");
	}
	if (in_quotes)
		ft_puts(text, "\"");
}

size_t ft_file_path(const struct ft_file *file, bool *deleted)
{
	static const char mark[] = " (deleted)";
	const size_t size = sizeof(mark) - 1;
	size_t length = file->link_length;

	*deleted = length > size && file->bytes[0] == '/' &&
		   !memcmp(file->bytes + length - size, mark, size);
	return *deleted ? length - size : length;
}

static void put_path(struct ft_text *text, const struct ft_file *file, unsigned hex)
{
	bool deleted;
	size_t length = ft_file_path(file, &deleted);

	ft_puts(text, "<");
	put_name(text, file->bytes, length, hex, false);
	ft_puts(text, deleted ? ">(deleted)" : ">");
}

/* Those that strace knows the addresses of. */
static bool is_protocol(const struct word *word)
{
	static const char *const names[] = { "TCP", "TCPv6", "UDP", "UDPv6", "UDP-Lite",
		"UDPLITEv6", "DCCP", "DCCPv6", "SCTP", "SCTPv6", "L2TP/IP", "L2TP/IPv6", "PING",
		"PINGv6", "RAW", "RAWv6", "UNIX", "UNIX-STREAM", "NETLINK" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is(word, names[i]))
			return true;
	return false;
}

static void put_inode(struct ft_text *text, const struct ft_file *file)
{
	for (size_t i = 8; i < file->link_length && file->bytes[i] >= '0' && file->bytes[i] <= '9';
		i++)
		ft_put(text, (const char *)file->bytes + i, 1);
}

static void put_word(struct ft_text *text, const struct word *word)
{
	if (word->length)
		ft_put_escaped(text, word->at, word->length, "<>");
}

static void put_netlink(struct ft_text *text, const struct word *protocol, const struct word *port)
{
	const struct ft_member *m = NULL;
	char number[16] = "";

	if (protocol->length < sizeof(number)) {
		memcpy(number, protocol->at, protocol->length);
		m = ft_member_of(&ft_sets[FT_SET_NETLINK_PROTOCOL], strtoul(number, NULL, 10));
	}
	if (m && m->length > 8) /* without NETLINK_ */
		ft_put(text, m->name + 8, m->length - 8u);
	else
		put_word(text, protocol);
	ft_puts(text, ":");
	put_word(text, port);
}

int ft_file_netlink(const struct ft_file *file)
{
	struct word words[WORDS_MAX + 1];
	char number[8] = "";

	if (words_of(file, words) < 2 || !is(&words[0], "NETLINK") || !words[1].length ||
		words[1].length >= sizeof(number) || words[1].at[0] < '0' || words[1].at[0] > '9')
		return -1;
	memcpy(number, words[1].at, words[1].length);
	return atoi(number);
}

static bool put_socket(struct ft_text *text, const struct ft_file *file, unsigned hex)
{
	struct word words[WORDS_MAX + 1];
	unsigned n = words_of(file, words);

	if (!n || file->link_length < 8 || memcmp(file->bytes, "socket:[", 8) ||
		!is_protocol(&words[0]))
		return false;
	ft_puts(text, "<");
	put_word(text, &words[0]);
	ft_puts(text, ":[");
	if (!memcmp(words[0].at, "UNIX", words[0].length < 4 ? words[0].length : 4)) {
		put_inode(text, file);
		if (words[1].length) {
			ft_puts(text, "->");
			put_word(text, &words[1]);
		}
		if (words[2].length) {
			ft_puts(text, *words[2].at == '@' ? ",@" : ",");
			put_name(text, words[2].at + 1, words[2].length - 1, hex, true);
		}
	} else if (n == 1) {
		put_inode(text, file);
	} else if (is(&words[0], "NETLINK")) {
		put_netlink(text, &words[1], &words[2]);
	} else {
		put_word(text, &words[1]);
		if (words[2].length)
			ft_puts(text, "->");
		put_word(text, &words[2]);
	}
	ft_puts(text, "]>");
	return true;
}

static bool put_device(struct ft_text *text, const struct ft_file *file, unsigned hex)
{
	struct word words[WORDS_MAX + 1];

	if (words_of(file, words) < 2 || (!is(&words[0], "char") && !is(&words[0], "block")))
		return false;
	ft_puts(text, "<");
	put_name(text, file->bytes, file->link_length, hex, false);
	ft_puts(text, "<");
	put_word(text, &words[0]);
	ft_puts(text, " ");
	put_word(text, &words[1]);
	ft_puts(text, ">>");
	return true;
}

static bool put_pidfd(struct ft_text *text, const struct ft_file *file)
{
	struct word words[WORDS_MAX + 1];

	if (words_of(file, words) < 2 || !is(&words[0], "pid"))
		return false;
	ft_puts(text, "<pid:");
	put_word(text, &words[1]);
	ft_puts(text, ">");
	return true;
}

void ft_put_file(struct ft_text *text, const struct ft_file *file, unsigned told, unsigned hex)
{
	if ((told & FT_TOLD_SOCKETS && put_socket(text, file, hex)) ||
		(told & FT_TOLD_DEVICES && put_device(text, file, hex)) ||
		(told & FT_TOLD_PIDFDS && put_pidfd(text, file)))
		return;
	if (told & FT_TOLD_PATHS)
		put_path(text, file, hex);
}
