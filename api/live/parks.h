/* Long polls that wait without a thread, keyed by the request they wait for. */
#pragma once

#include "api/http/exchange.h"

struct handlers;
struct parks;

struct parks *parks_new(struct handlers *handlers);
void parks_free(struct parks *parks);

/* Take a ticket, read the request, then park with the ticket: refused (false)
 * when something was announced about the request in between, so that no wake-up
 * falls into the gap. On true the exchange belongs to the parks. */
uint64_t parks_ticket(struct parks *parks, int64_t request_id);
bool parks_add(struct parks *parks, struct exchange *exchange, uint64_t ticket);

/* Sends those who wait for the request back to the handlers. `state` may be
 * NULL: unknown, so everybody looks again. */
void parks_wake(struct parks *parks, int64_t request_id, const char *state);
void parks_wake_all(struct parks *parks);
/* Those whose deadline has passed; their wait is over. */
void parks_expire(struct parks *parks, int64_t now_ms);
/* Lets those go whose client hung up: nobody would tell us, and their place is taken. */
void parks_look(struct parks *parks);
/* Nobody waits from now on. */
void parks_close(struct parks *parks);
int64_t parks_count(struct parks *parks);

/* Whether a request in this state still keeps such a poll waiting. */
bool parks_state_waits(const char *state, bool until_done);
