/* The input files of an attempt: out of our database into sealed memory. */
#pragma once

#include "common/io/db.h"
#include "worker/attempt.h"

/* Fetches each file by chunks, one statement each, and hashes the bytes as they
 * arrive; the memory is sealed before anybody else sees it, so what was hashed
 * is what will be sent. A size other than the manifest's is an error. */
bool inputs_fetch(struct db_pool *pool, struct attempt *attempt, struct error *err) MUST_CHECK;
