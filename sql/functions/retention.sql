-- Two admins agree that the audit trail up to a seal is dropped: one proposes, another one agrees.
-- Both statements are signed by the api, so that who may write rows can not make them.

set search_path = cs, pg_temp;

create or replace function cs.retention_day(min_days int) returns date
    language sql stable
    return (clock_timestamp() at time zone 'UTC'
            - make_interval(days => greatest(coalesce(min_days, 365), 30)))::date;
comment on function cs.retention_day is
    'The newest day before which all may be dropped; 30 days at least are kept, whoever asks.';

create or replace function cs.retention_before(item jsonb) returns timestamptz
    language plpgsql stable as $$
declare
    given text := item ->> 'before';
    newest date := retention_day((item ->> 'min_days')::int);
    day date;
begin
    if given is null then
        perform fail('missing_field', 'before is required', 'before');
    elsif given !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' then
        perform fail('invalid_field', 'before must be a day such as 2026-01-01', 'before');
    end if;
    day := given::date;
    if day > newest then
        perform fail('invalid_field', format('before may be %s at the latest', newest), 'before');
    end if;
    return day::timestamp at time zone 'UTC';
exception when data_exception then
    perform fail('invalid_field', 'before must be a day such as 2026-01-01', 'before');
end
$$;
comment on function cs.retention_before is
    'The moment that {before, min_days} names; missing_field or invalid_field before.';

create or replace function cs.retention_newest() returns bigint
    language plpgsql stable as $$
begin
    return coalesce((select max(t.seal) from cs.retention t where t.state = 'dropped'), 0);
end
$$;
comment on function cs.retention_newest is 'Up to which seal rows were dropped; 0: none was.';

create or replace function cs.retention_found(item jsonb) returns cs.retention
    language plpgsql stable as $$
declare
    found_one retention;
    last audit_seal;
begin
    select s.* into last from audit_seal s where s.sealed_at < retention_before(item)
        order by s.n desc limit 1;
    if last.n is null then
        perform fail('invalid_field', 'Nothing was sealed before that day', 'before');
    end if;
    found_one.first_seal := retention_newest() + 1;
    if last.n < found_one.first_seal then
        perform fail('invalid_field', 'All before that day was dropped already', 'before');
    end if;
    found_one.seal := last.n;
    found_one.seal_hash := last.hash;
    found_one.events := (select sum(s.events) from audit_seal s
                         where s.n between found_one.first_seal and last.n);
    return found_one;
end
$$;
comment on function cs.retention_found is
    'What {before, min_days} would drop: the seals from first_seal up to seal; invalid_field.';

create or replace function cs.retention_of(item jsonb) returns cs.retention
    language plpgsql as $$
declare
    t retention;
begin
    select * into t from retention x where x.id = (item ->> 'id')::bigint for update;
    if not found then
        perform fail('not_found', 'There is no such proposal');
    end if;
    return t;
end
$$;
comment on function cs.retention_of is 'The one that {id} names, locked; not_found.';

create or replace function cs.is_admin(person_id bigint) returns bool
    language plpgsql stable as $$
begin
    return exists (select from cs.person p where p.id = $1 and p.kind = 'human'
                   and p.disabled_at is null and 'admin' = any (p.roles));
end
$$;
comment on function cs.is_admin is 'Whether a person is an admin today.';

create or replace function cs.retention_fault(t cs.retention) returns text
    language plpgsql stable as $$
begin
    return case
        when t.state = 'dropped' then 'dropped'
        when t.state = 'withdrawn' then 'withdrawn'
        when not is_admin(t.proposed_by) then 'proposer'
        when not exists (select from audit_seal s where s.n = t.seal and s.hash = t.seal_hash)
            then 'seal' end;
end
$$;
comment on function cs.retention_fault is
    'Why a proposal can go no further, as a key of retention_refuse.';

create or replace function cs.retention_signing_fault(item jsonb, t cs.retention) returns text
    language plpgsql stable as $$
begin
    return case
        when coalesce(item ->> 'signature', '') !~ '^[0-9a-f]{128}$'
            or coalesce(item ->> 'key_id', '') !~ '^[0-9a-f]{16}$'
            or abs((item ->> 'at_ms')::bigint - millis(clock_timestamp())) <= 60000 is not true
            then 'unsigned'
        when (item ->> 'seal')::bigint is distinct from t.seal
            or item ->> 'seal_hash' is distinct from hex(t.seal_hash) then 'seal' end;
end
$$;
comment on function cs.retention_signing_fault is
    'Why what was signed is not what holds now; whether the signature is right is for audit drop and
audit verify to say.';

create or replace function cs.retention_faults()
    returns table (fault text, code text, message text)
    language sql immutable as $$
    values
        ('fresh', 'reauthentication_required', 'Show who you are once more'),
        ('own', 'own_request',
         'Who proposed it, or could come in as who did, may not agree: another person must'),
        ('dropped', 'wrong_state', 'It was dropped already'),
        ('withdrawn', 'wrong_state', 'It was withdrawn'),
        ('proposed', 'wrong_state', 'Nobody has agreed to it yet'),
        ('agreed', 'wrong_state', 'Somebody has agreed to it already'),
        ('open', 'conflict', 'Another proposal is open: withdraw it, or let it be dropped'),
        ('proposer', 'conflict', 'Who proposed it is no admin any more'),
        ('agreer', 'conflict', 'Who agreed to it is no admin any more'),
        ('one_person', 'conflict', 'Who proposed it and who agreed may be one person'),
        ('young', 'conflict', 'It is not old enough yet: see RETENTION_MIN_DAYS'),
        ('count', 'conflict', 'What was exported is not what the seals cover'),
        ('seal', 'stale', 'The seal is not the one that was meant'),
        ('unsigned', 'unavailable', 'The statement was not signed as it must be')
$$;
comment on function cs.retention_faults is 'What may stand against a step, and how it is said.';

create or replace function cs.retention_refuse(fault text, field text default '') returns void
    language sql as $$
    select cs.fail(f.code, f.message, field) from cs.retention_faults() f where f.fault = $1
$$;
comment on function cs.retention_refuse is 'Raises what a fault means; nothing for none.';

create or replace function cs.retention_digest(t cs.retention) returns text
    language sql stable parallel safe
    return cs.hex(sha256('\x00'::bytea || cs.fields(array[
        cs.bytes('countersign-retention-row-v1'), cs.bytes(t.id::text), cs.bytes(t.state),
        cs.bytes(t.first_seal::text), cs.bytes(t.seal::text), t.seal_hash,
        cs.bytes(t.events::text), cs.bytes(t.reason), cs.bytes(t.proposed_by::text),
        cs.bytes(cs.micros(t.proposed_at)), t.propose_signature, cs.bytes(t.propose_key_id),
        cs.bytes(t.agreed_by::text), cs.bytes(cs.micros(t.agreed_at)), t.agree_signature,
        cs.bytes(t.agree_key_id), cs.bytes(t.withdrawn_by::text),
        cs.bytes(cs.micros(t.withdrawn_at)), cs.bytes(cs.micros(t.dropped_at)),
        cs.bytes(t.dropped_xid::text), t.manifest_sha256, cs.bytes(t.dropped_events::text),
        cs.bytes(t.kept_events::text)])));
comment on function cs.retention_digest is
    'Digest in hex of a row of retention; the newest event of its chain says the one that holds.';

create or replace function cs.retention_audit(
    t cs.retention, actor jsonb, body jsonb, event text default null)
    returns void language plpgsql as $$
begin
    perform audit_add(array[audit_row('retention', t.id, actor,
        'retention.' || coalesce(event, t.state),
        jsonb_build_object('seal', t.seal, 'seal_hash', hex(t.seal_hash)) || body,
        row_digests => jsonb_build_object('retention:' || t.id, retention_digest(t)))]);
end
$$;
comment on function cs.retention_audit is
    'The audit row of what became of a proposal, its state if nothing else is named, with the digest
of its row, which is locked.';

create or replace function cs.person_called(person_id bigint) returns jsonb
    language plpgsql stable as $$
begin
    return (select jsonb_build_object('id', p.id, 'name', p.name) from cs.person p
            where p.id = $1);
end
$$;
comment on function cs.person_called is '{id, name}; null for null.';

create or replace function cs.retention_json(t cs.retention) returns jsonb
    language sql stable
    return jsonb_build_object('id', t.id, 'state', t.state, 'seal', t.seal, 'sealed_at', (
            select cs.iso(s.sealed_at) from cs.audit_seal s where s.n = t.seal),
        'events', t.events, 'reason', t.reason,
        'proposed_by', cs.person_called(t.proposed_by), 'proposed_at', cs.iso(t.proposed_at),
        'agreed_by', cs.person_called(t.agreed_by), 'agreed_at', cs.iso(t.agreed_at),
        'withdrawn_by', cs.person_called(t.withdrawn_by), 'withdrawn_at', cs.iso(t.withdrawn_at),
        'dropped_at', cs.iso(t.dropped_at), 'dropped_events', t.dropped_events,
        'kept_events', t.kept_events, 'manifest_sha256', cs.hex(t.manifest_sha256));
comment on function cs.retention_json is 'A proposal as the api shows it.';

create or replace function cs.retention_list(actor jsonb, min_days int) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := admin_of(actor);
begin
    return jsonb_build_object('retentions', (
            select coalesce(jsonb_agg(retention_json(t) order by t.id desc), '[]')
            from (select * from retention x order by x.id desc limit 1000) t),
        'earliest', retention_day(min_days)::text);
end
$$;
comment on function cs.retention_list is
    '{retentions: the newest 1,000, newest first, earliest: the newest day that may be given};
wrong_role.';

create or replace function cs.retention_terms(actor jsonb, item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := admin_of(actor);
    t retention;
begin
    if item ? 'id' then
        t := retention_of(item);
    else
        t := retention_found(item);
        t.id := nextval(pg_get_serial_sequence('cs.retention', 'id'));
    end if;
    return jsonb_build_object('instance', instance_get(), 'id', t.id, 'seal', t.seal,
        'seal_hash', hex(t.seal_hash), 'at_ms', millis(clock_timestamp()));
end
$$;
comment on function cs.retention_terms is
    '{before, min_days} or {id} → what the api signs: {instance, id, seal, seal_hash, at_ms}; a new
proposal gets its number here. wrong_role, not_found, invalid_field.';

create or replace function cs.retention_fresh(actor jsonb, item jsonb) returns void
    language plpgsql as $$
begin
    if not session_is_fresh((actor ->> 'session_id')::bigint,
                            coalesce((item ->> 'reauth_seconds')::bigint, 0)) then
        perform retention_refuse('fresh');
    end if;
end
$$;
comment on function cs.retention_fresh is
    'reauthentication_required unless the session showed who it is within reauth_seconds.';

create or replace function cs.retention_lock() returns void
    language sql as $$ select pg_advisory_xact_lock(hashtextextended('retention', 1)) $$;
comment on function cs.retention_lock is
    'Nothing is proposed while rows are dropped: what a proposal speaks of begins behind them.';

create or replace function cs.retention_propose(actor jsonb, item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := admin_of(actor);
    t retention;
begin
    perform retention_lock();
    t := retention_found(item);
    t.reason := note_text(item ->> 'reason');
    if t.reason = '' then
        perform fail('missing_field', 'A reason is required', 'reason');
    elsif char_length(t.reason) > 500 then
        perform fail('invalid_field', 'The reason may have 500 characters at most', 'reason');
    end if;
    perform retention_fresh(actor, item);
    perform retention_refuse(retention_signing_fault(item, t));
    insert into retention (id, first_seal, seal, seal_hash, events, reason, proposed_by,
                           proposed_at, propose_signature, propose_key_id)
        overriding system value
        values ((item ->> 'id')::bigint, t.first_seal, t.seal, t.seal_hash, t.events, t.reason,
                who.id, at_millis((item ->> 'at_ms')::bigint),
                decode(item ->> 'signature', 'hex'), item ->> 'key_id')
        returning * into t;
    perform retention_audit(t, actor_with_kind(actor, who), jsonb_build_object(
        'events', t.events, 'reason', t.reason, 'before', item ->> 'before'));
    return retention_json(t);
exception when unique_violation then
    perform retention_refuse('open');
end
$$;
comment on function cs.retention_propose is
    '{before, min_days, reason, reauth_seconds} and retention_terms with {signature, key_id} → the
proposal; wrong_role, missing_field, invalid_field, reauthentication_required, conflict, stale.';

create or replace function cs.retention_agree(actor jsonb, item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := admin_of(actor);
    t retention := retention_of(item);
begin
    perform retention_fresh(actor, item);
    if are_tied(t.proposed_by, who.id) then -- nothing is raised: that it was tried stays
        perform retention_audit(t, actor_with_kind(actor, who), '{"code": "own_request"}',
                                'refused');
        return (select jsonb_build_object('error', to_jsonb(f) - 'fault')
                from retention_faults() f where f.fault = 'own');
    end if;
    perform retention_refuse(case when t.state = 'agreed' then 'agreed'
        else coalesce(retention_fault(t), retention_signing_fault(item, t)) end);
    update retention x set state = 'agreed', agreed_by = who.id,
            agreed_at = at_millis((item ->> 'at_ms')::bigint),
            agree_signature = decode(item ->> 'signature', 'hex'), agree_key_id = item ->> 'key_id'
        where x.id = t.id returning * into t;
    perform retention_audit(t, actor_with_kind(actor, who), '{}');
    return retention_json(t);
end
$$;
comment on function cs.retention_agree is
    '{id, reauth_seconds} and retention_terms with {signature, key_id} → the proposal; wrong_role,
not_found, reauthentication_required, wrong_state, conflict, stale. {error} of own_request is
returned, so that its audit row stays.';

create or replace function cs.retention_withdraw(actor jsonb, item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := admin_of(actor);
    t retention := retention_of(item);
begin
    if t.state in ('dropped', 'withdrawn') then
        perform retention_refuse(t.state);
    end if;
    update retention x set state = 'withdrawn', withdrawn_by = who.id,
            withdrawn_at = clock_timestamp()
        where x.id = t.id returning * into t;
    perform retention_audit(t, actor_with_kind(actor, who), '{}');
    return retention_json(t);
end
$$;
comment on function cs.retention_withdraw is
    '{id} → the proposal, by any admin until it is dropped; wrong_role, not_found, wrong_state.';

create or replace function cs.retention_proposal(t cs.retention) returns jsonb
    language sql stable
    return jsonb_build_array(t.id, t.first_seal, t.seal, t.seal_hash, t.events, t.reason,
        t.proposed_by, t.proposed_at, t.propose_signature, t.propose_key_id);
comment on function cs.retention_proposal is 'What of a proposal never changes.';

-- Holds everybody to these moves, SQL by hand too.
create or replace function cs.retention_moves() returns trigger
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    move text := case tg_op when 'INSERT' then '' else old.state || ' ' end || new.state;
begin
    if move not in ('proposed', 'proposed agreed', 'proposed withdrawn', 'agreed withdrawn',
                    'agreed dropped') then
        raise exception 'A proposal to drop rows can not go "%"', move using errcode = 'CS002';
    elsif tg_op = 'UPDATE' and retention_proposal(new) is distinct from retention_proposal(old) then
        raise exception 'What was proposed never changes' using errcode = 'CS002';
    elsif tg_op = 'UPDATE' and new.state <> 'agreed'
            and (new.agreed_by, new.agreed_at, new.agree_signature, new.agree_key_id)
                is distinct from
                (old.agreed_by, old.agreed_at, old.agree_signature, old.agree_key_id) then
        raise exception 'What was agreed to never changes' using errcode = 'CS002';
    elsif new.dropped_xid <> pg_current_xact_id() then
        raise exception 'Rows are dropped in the transaction that says so' using errcode = 'CS002';
    end if;
    return new;
end
$$;
comment on function cs.retention_moves is
    'Lets a proposal go only from proposed to agreed to dropped, or be withdrawn before that.';

create or replace trigger retention_moves before insert or update on cs.retention
    for each row execute function cs.retention_moves();
