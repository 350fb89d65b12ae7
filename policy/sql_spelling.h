/* SQL as SQLite and others spell it, in PostgreSQL's spelling: only to be read, never to be run. */
#pragma once

#include "common/base/bytes.h"

/* Changes what PostgreSQL's parser does not know to what means the same to a reader. Every
 * character stays at its place. Takes away only words, names, numbers and texts, never a call. */
void sql_spelling_change(struct buffer *text);
