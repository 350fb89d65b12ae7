/* Which rows the audit trail covers, and under what name its row_digests have them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Kinds of marks: covered rows, the states of attempts, and behind them entities. With the sign
 * changed: a row that came before the one it follows, since transactions may end in another order
 * than they began. */
enum {
    MARK_DECISION = 1,
    MARK_REVISION,
    MARK_ATTEMPT,
    MARK_RETENTION,
    MARK_REQUEST,
    MARK_COST,
    MARK_PERSON, /* from here on rights: rows that change and go */
    MARK_TEAM,
    MARK_TOKEN,
    MARK_CREDENTIAL,
    MARK_IDENTITY,
    MARK_FACTOR,
    MARK_RULE,
    MARK_GROUP,
    MARK_GLASS,
    MARK_POLICY,
    MARK_ATTEMPT_STATE,
    MARK_ENTITY
};

/* In a mark of an attempt's state: when it began was dropped with the row that said so. */
#define MARK_BEGIN_DROPPED (-1)
/* State of the mark of a right: the audit trail says that its row is gone. */
#define MARK_GONE (-1)

struct covered {
    const char *name;  /* "name:id" is the key of its digest */
    const char *what;  /* in what is told of it; NULL: the name */
    const char *chain; /* of several digests the newest of this kind of chain holds; NULL: one */
};

extern const struct covered verify_covered[MARK_ATTEMPT_STATE]; /* by kind; the first is none */

int64_t verify_covered_kind(const char *name, size_t len); /* 0: there is none */
