/* One open event stream: who listens, what they may hear, and what could not
 * be sent to them yet. Its owner (api/live/streams.c) locks. */
#pragma once

#include "api/live/gathered.h"
#include "api/sign_in/identity.h"
#include "api/live/recent.h"
#include "common/io/redis.h"

#define LISTENER_UNSENT_MAX 65536 /* bytes that a slow reader may leave unread */
#define LISTENER_EVENTS_MAX 64    /* at once: rather than of more, it is told to fetch anew */
#define LISTENER_RESET "event: reset\ndata: {}\n\n"

/* The part of an identity that decides what may be heard. */
struct listener_who {
    int64_t person_id;
    int64_t session_id;
    int64_t token_id;
    unsigned roles;
    char *role_list, *teams; /* own copies, see struct identity */
};

struct listener {
    struct listener *next;
    struct exchange *exchange;
    struct listener_who who;
    int64_t number;     /* as they joined */
    int64_t request_id; /* 0: all */
    int64_t joined;     /* how many events had been announced by then: those are not for it */
    int64_t next_beat_ms;
    int64_t next_look_ms;
    int64_t ends_ms;
    bool output;    /* hears what the run prints, else what is announced */
    bool ending;    /* over once all was sent */
    bool over;      /* nothing more goes out; to be ended by the owner */
    bool replaying; /* what comes in meanwhile waits in `held` */
    struct buffer held;
    struct buffer unsent;
    int64_t skipped;              /* bytes of output that a slow reader misses, */
    int64_t skipped_of;           /* and of which attempt */
    char replayed[REDIS_ID_SIZE]; /* the last event of the replay */
};

struct listener *listener_new(struct exchange *exchange, const struct identity *who);
/* Gives the exchange back to the server and frees the listener. */
void listener_end(struct listener *take_listener);

/* The same rule as cs.can_see: author, an agent's owner, reviewers of the team, admins. */
bool listener_may_hear(const struct listener *listener, const struct event_scope *scope);

/* Sends at once; what does not fit waits. */
void listener_tell(struct listener *listener, const char *text, size_t len);
/* The same for what happens now: behind a replay. False when it is over. */
bool listener_hear(struct listener *listener, const char *text, size_t len);
/* The same for those of the gathered events that it may hear and was there for. */
bool listener_hear_gathered(struct listener *listener, const struct gathered *gathered);
/* The same for a piece of output: who reads too slowly misses some, and is told how much. */
bool listener_hear_piece(struct listener *listener, const struct recent_piece *piece);
void listener_tell_skipped(struct listener *listener);
/* Tells that so much output is missing here; nothing when it is 0. */
void listener_miss(struct listener *listener, int64_t attempt_id, int64_t bytes);
/* Sends what was held, without what the replay already told. */
void listener_end_replay(struct listener *listener);
/* Whether a replay that ended with `replayed` has told this block of a stream already. */
bool listener_was_told(const char *replayed, const char *block);
/* Appends who it is, as cs.streams_over asks. */
void listener_write_who(const struct listener *listener, struct buffer *out);
bool listener_is_there(struct listener *listener); /* false: the client hung up */
