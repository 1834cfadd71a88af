/* Payload items: see struct ft_payload. */
#ifndef FT_SESSION_PAYLOAD_H
#define FT_SESSION_PAYLOAD_H

#include "session/session.h"

/* An item that belongs to no argument: ft_payload.arg. */
#define FT_NO_ARG 255
/* With FT_OPT_PLACES, an item with this address; returns its size, or 0. to: room for FT_PLACE_SIZE. */
#define FT_PLACE_SIZE FT_PAYLOAD_SIZE(sizeof(uint64_t))
size_t ft_payload_place(const struct ft_session *s, uint64_t place, uint8_t *to);
/* Writes the head of an item whose bytes stand behind it, and the zeros that end it. Returns its size. */
size_t ft_payload_put(uint8_t *at, const struct ft_payload *head);
/* Says of each item of an event but the last that another one follows. */
void ft_payload_chain(uint8_t *items, size_t size);

#endif
