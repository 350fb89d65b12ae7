/* The open event streams: who listens, to what, and what they may hear. */
#pragma once

#include "api/api.h"

struct streams *streams_new(struct api *api);
void streams_free(struct streams *streams);

/* Makes the reply of an event stream: of one request, or of all that the person
 * may see (0). Resumes behind Last-Event-ID. */
bool streams_open(struct call *call, int64_t request_id, struct error *err) MUST_CHECK;

/* `id` is that of the Redis stream, or NULL for an event without one. */
void streams_announce(struct streams *streams, const char *id, const json_t *event);
/* Something may have been missed: everybody shall fetch anew. */
void streams_reset(struct streams *streams);
/* Heartbeats, and the end of streams that have lived long enough. */
void streams_beat(struct streams *streams, int64_t now_ms);
/* Ends those whose session or token is over by now, or whose person has other rights. */
bool streams_check(struct streams *streams, struct db *db, struct error *err) MUST_CHECK;
void streams_close_session(struct streams *streams, int64_t session_id);
void streams_close(struct streams *streams); /* all, and no new ones */

/* Streams of what one request's run prints, see api/live/outputs.h. Opens one whose
 * replay the caller writes, up to streams_follow; NULL where only the head is wanted. */
struct listener;
struct recent_piece;
bool streams_join(struct call *call, int64_t request_id, struct listener **ret_listener,
                  struct error *err) MUST_CHECK;
void streams_follow(struct streams *streams, struct listener *listener);
/* To those of its request, or to all of them when that is 0. */
void streams_tell_output(struct streams *streams, const struct recent_piece *piece);
void streams_end_output(struct streams *streams, int64_t request_id, const char *state);

int64_t streams_count(struct streams *streams);
