/* Texts numbered in the order of their first appearance, as a column with a dictionary wants them. */
#ifndef FT_DECODE_WORDS_H
#define FT_DECODE_WORDS_H

#include <stddef.h>
#include <stdint.h>

struct ft_words;

/* seed: for the hash, so that no traced program can choose names that collide. */
int ft_words_new(struct ft_words **out, uint64_t seed);
void ft_words_free(struct ft_words *w);
/* All words are forgotten; the next one is number 0. */
void ft_words_clear(struct ft_words *w);

/* The number of these bytes. *number stays as it was upon an error. */
int ft_words_number(struct ft_words *w, const uint8_t *data, size_t length, int32_t *number);
/* The same of FT_STRING_MAX of them at most, as UTF-8: others are written \xff. Of a table that has no other words. */
int ft_words_utf8_number(struct ft_words *w, const uint8_t *data, size_t length, int32_t *number);

size_t ft_words_count(const struct ft_words *w);
/* Word i is text[ends[i - 1]] up to text[ends[i]], the first one begins at 0. Good until the next call. */
const uint8_t *ft_words_text(const struct ft_words *w, const int64_t **ends);

#endif
