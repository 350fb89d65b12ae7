-- What the sealer asks, in its own role.

-- name: seal_lock()
select cs.seal_lock();

-- name: seal_take(most int4) binary
select instance, n, epoch, epoch_from, xid_from, xid_to, events, last_id, prev_hash, sealed_us,
       hashes from cs.seal_take($1);

-- seal: what seal_take gave, with root, prev_hash, hash and signature in hex, and key_id
-- name: seal_put(seal jsonb)
select cs.seal_put($1);

-- name: seals_from(first int8, most int4) binary
select instance, n, epoch, epoch_from, xid_from, xid_to, events, last_id, prev_hash, sealed_us,
       root, hash, key_id, signature from cs.seals_from($1, $2);

-- name: head_lock()
select cs.head_lock();

-- name: heads_unsent(most int4) binary
select instance, n, epoch, epoch_from, xid_from, xid_to, events, last_id, prev_hash, sealed_us,
       root, hash, key_id, signature from cs.heads_unsent($1);

-- name: head_sent_put(seal int8)
select cs.head_sent_put($1);
