-- What the sealer does: it alone takes rows that are final, and stores a signed seal over them.

set search_path = cs, pg_temp;

create or replace function cs.seal_lock() returns bool
    language sql security definer set search_path = cs, pg_temp as $$
    select case when exists (select from pg_locks l where l.locktype = 'advisory'
                             and l.pid = pg_backend_pid() and l.classid = 7026 and l.objid = 10)
                then true else pg_try_advisory_lock(7026, 10) end
$$;
comment on function cs.seal_lock is
    'Whether this session is the one that seals; it stays so until it ends.';

create or replace function cs.seal_number(value xid8) returns bigint
    language sql immutable parallel safe
    return value::text::bigint;
comment on function cs.seal_number is 'A transaction id as a number.';

create or replace function cs.seal_start(last cs.audit_seal) returns cs.audit_seal
    language plpgsql stable as $$
declare
    made audit_seal;
begin
    made.n := coalesce(last.n, 0) + 1;
    made.epoch := coalesce(last.epoch, 1);
    made.epoch_from := coalesce(last.epoch_from, 0);
    made.xid_from := coalesce(last.xid_to, '0');
    made.prev_hash := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
    if last.xid_to > pg_snapshot_xmin(pg_current_snapshot()) and not exists (
            select from audit_event e where e.xid >= last.xid_to and e.id >= last.epoch_from) then
        made.epoch := last.epoch + 1;
        made.epoch_from := (select max(s.last_id) + 1 from audit_seal s);
        made.xid_from := '0';
    end if;
    return made;
end
$$;
comment on function cs.seal_start is
    'Where the seal after this one begins. When transactions are from before its end, the database
was restored from a dump: what the old one left is sealed first, then an epoch begins.';

create or replace function cs.seal_take(most int)
    returns table (instance text, n bigint, epoch int, epoch_from bigint, xid_from bigint,
                   xid_to bigint, events bigint, last_id bigint, prev_hash bytea,
                   sealed_us bigint, hashes bytea)
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    last audit_seal;
    made audit_seal;
    until xid8 := pg_snapshot_xmin(pg_current_snapshot());
    last_xid xid8;
begin
    select s.* into last from audit_seal s order by s.n desc limit 1;
    made := seal_start(last);
    if made.xid_from > until then
        until := '18446744073709551615';
    end if;
    select e.xid into last_xid from (
        select x.xid from audit_event x
        where x.xid >= made.xid_from and x.xid < until and x.id >= made.epoch_from
        order by x.xid, x.id limit most) e order by e.xid desc limit 1;
    return query
        select instance_get(), made.n, made.epoch, made.epoch_from, seal_number(made.xid_from),
               seal_number(last_xid) + 1, count(*), max(e.id), made.prev_hash,
               (extract(epoch from clock_timestamp()) * 1000000)::bigint,
               string_agg(e.hash, ''::bytea order by e.xid, e.id)
        from audit_event e
        where e.xid >= made.xid_from and e.xid <= last_xid and e.id >= made.epoch_from
        having count(*) > 0;
end
$$;
comment on function cs.seal_take is
    'What the next seal is to cover, and the hashes of its rows in the order of xid and id: about
`most` rows, never a part of a transaction, and none that a running transaction may still add to.
No row when there is nothing to seal.';

create or replace function cs.seal_put(seal jsonb) returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    insert into audit_seal (n, epoch, epoch_from, xid_from, xid_to, events, last_id, root,
                            prev_hash, hash, key_id, signature, sealed_at)
    select s.n, s.epoch, s.epoch_from, s.xid_from::text::xid8, s.xid_to::text::xid8, s.events,
           s.last_id, decode(s.root, 'hex'), decode(s.prev_hash, 'hex'), decode(s.hash, 'hex'),
           s.key_id, decode(s.signature, 'hex'),
           timestamptz 'epoch' + s.sealed_us * interval '1 microsecond'
    from jsonb_to_record(seal) s (n bigint, epoch int, epoch_from bigint, xid_from bigint,
        xid_to bigint, events bigint, last_id bigint, root text, prev_hash text, hash text,
        key_id text, signature text, sealed_us bigint)
    where s.n = (select coalesce(max(o.n), 0) + 1 from audit_seal o);
    return found;
end
$$;
comment on function cs.seal_put is
    'Stores a seal of seal_take with its root, hash and signature; false when it is not the made.';

create or replace function cs.seals_from(first bigint, most int)
    returns table (instance text, n bigint, epoch int, epoch_from bigint, xid_from bigint,
                   xid_to bigint, events bigint, last_id bigint, prev_hash bytea,
                   sealed_us bigint, root bytea, hash bytea, key_id text, signature bytea)
    language sql stable security definer set search_path = cs, pg_temp as $$
    select instance_get(), s.n, s.epoch, s.epoch_from, seal_number(s.xid_from),
           seal_number(s.xid_to), s.events, s.last_id, s.prev_hash,
           (extract(epoch from s.sealed_at) * 1000000)::bigint, s.root, s.hash, s.key_id,
           s.signature
    from audit_seal s where s.n >= first order by s.n limit most
$$;
comment on function cs.seals_from is 'Seals from a number on, for their heads outside.';

create or replace function cs.audit_unsealed()
    returns table (events bigint, since timestamptz, late bool)
    language plpgsql stable as $$
declare
    newest audit_seal;
    reach bigint := (select max(s.last_id) from audit_seal s);
begin
    select s.* into newest from audit_seal s order by s.n desc limit 1;
    return query
        select count(*), min(u.ts),
               coalesce(min(u.ts) < clock_timestamp() - interval '10 seconds', false)
        from (select e.ts from audit_event e
              where e.xid >= coalesce(newest.xid_to, '0')
                and e.id >= coalesce(newest.epoch_from, 0)
              union all
              -- After a restore, of transactions that are counted anew.
              select e.ts from audit_event e where e.id > reach and e.xid < newest.xid_to
              limit 100000) u;
end
$$;
comment on function cs.audit_unsealed is
    'Rows that no seal covers yet, counted up to 100,000, when the first of them was written, and
whether that is longer ago than a sealer that runs may take: 10 s.';

create or replace function cs.audit_head()
    returns table (instance text, n bigint, epoch int, epoch_from bigint, xid_from bigint,
                   xid_to bigint, events bigint, last_id bigint, prev_hash bytea,
                   sealed_us bigint, root bytea, hash bytea, key_id text, signature bytea,
                   sealed_at text, unsealed bigint, unsealed_since text, late bool)
    language sql stable security definer set search_path = cs, pg_temp as $$
    select s.*, iso(timestamptz 'epoch' + s.sealed_us * interval '1 microsecond'),
           u.events, iso(u.since), u.late
    from audit_unsealed() u
    left join seals_from((select max(o.n) from audit_seal o), 1) s on true
$$;
comment on function cs.audit_head is
    'The newest seal, null before the first, and what it does not cover yet: see audit_unsealed.';

create or replace function cs.head_lock() returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    if not exists (select from pg_locks l where l.locktype = 'advisory'
                   and l.pid = pg_backend_pid() and l.classid = 7026 and l.objid = 11)
            and not pg_try_advisory_lock(7026, 11) then
        return false;
    end if;
    insert into head_sent (n) select greatest(coalesce(max(s.n), 0) - 1, 0) from audit_seal s
        on conflict do nothing;
    return true;
end
$$;
comment on function cs.head_lock is
    'Whether this session is the one that posts heads; it stays so until it ends. The first time it
begins with the newest seal, which stands for all before.';

create or replace function cs.heads_unsent(most int)
    returns table (instance text, n bigint, epoch int, epoch_from bigint, xid_from bigint,
                   xid_to bigint, events bigint, last_id bigint, prev_hash bytea,
                   sealed_us bigint, root bytea, hash bytea, key_id text, signature bytea)
    language sql stable security definer set search_path = cs, pg_temp as $$
    select s.* from head_sent h cross join lateral seals_from(h.n + 1, most) s
$$;
comment on function cs.heads_unsent is 'The next seals whose heads were not posted.';

create or replace function cs.head_sent_put(seal bigint) returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    update head_sent h set n = seal, at = clock_timestamp() where h.n = seal - 1;
    return found;
end
$$;
comment on function cs.head_sent_put is 'This head was taken; false when it is not the next one.';
