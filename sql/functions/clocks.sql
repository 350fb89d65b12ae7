-- How long a request waits, and what is due then. request_clock is the one expression of it: lists,
-- details, metrics, views and the sweep all ask it.

set search_path = cs, pg_temp;

create or replace function cs.clock_due(since timestamptz, seconds int) returns timestamptz
    language sql stable parallel safe
    return since + make_interval(secs => nullif(seconds, 0));
comment on function cs.clock_due is
    'The moment so many seconds after another; null: never, of null or 0 seconds.';

-- Inlined where it stands in a FROM, so that it costs no call for each row; parsed once, since
-- auditors, whose views ask it, may not look names up in this schema.
create or replace function cs.request_clock(r cs.request)
    returns table (waits_since timestamptz, remind_at timestamptz, escalate_at timestamptz,
        expires_at timestamptz, ages_out_at timestamptz, reminded bool, escalated bool,
        overdue bool) language sql stable rows 1
begin atomic
    select d.since, d.remind_at, d.escalate_at,
           case when r.state in ('pending', 'changes_requested', 'needs_answer')
                then r.expires_at end,
           case when r.state = 'approved' then r.expires_at end,
           coalesce(d.remind_at < coalesce(r.clock_at, 'infinity'), false),
           coalesce(d.escalate_at < coalesce(r.clock_at, 'infinity'), false),
           coalesce(d.escalate_at <= clock_timestamp(), false)
    from (select s.since, cs.clock_due(s.since, r.remind_seconds) as remind_at,
                 cs.clock_due(s.since, r.escalate_seconds) as escalate_at
          from (select case when r.state = 'pending'
                            then coalesce(r.waits_since, r.state_at) end as since) s) d;
end;
comment on function cs.request_clock is
    'Of a pending request since when this round waits, when reviewers are reminded of it, when it
is escalated, whether both were told, and whether it is overdue; when a request expires that
nobody decides; when an approval that did not run ages out. Null: never, or not in this state.';

create or replace function cs.clock_json(r cs.request) returns jsonb
    language plpgsql stable as $$
begin
    return (select jsonb_strip_nulls(jsonb_build_object(
            'waits_since', cs.iso(k.waits_since), 'remind_at', cs.iso(k.remind_at),
            'escalate_at', cs.iso(k.escalate_at), 'expires_at', cs.iso(k.expires_at),
            'ages_out_at', cs.iso(k.ages_out_at), 'reminded', k.reminded,
            'escalated', k.escalated, 'overdue', k.overdue))
        from cs.request_clock(r) k);
end
$$;
comment on function cs.clock_json is
    '{waits_since?, remind_at?, escalate_at?, expires_at?, ages_out_at?, reminded, escalated,
overdue}: what request_clock says.';

create or replace function cs.clock_tell(r cs.request, at timestamptz) returns jsonb
    language plpgsql as $$
declare
    due record;
    later timestamptz;
    events jsonb := '[]';
begin
    for due in select k.waits_since, d.event, d.at
               from request_clock(r) k
               cross join lateral (values ('request.reminded', k.remind_at),
                                          ('request.escalated', k.escalate_at)) d (event, at)
               where d.at >= r.clock_at order by d.at loop
        if due.at > at then
            later := due.at;
            exit;
        end if;
        perform audit_put('request', r.id, '{"kind": "system"}', due.event,
            jsonb_build_object('revision', r.revision, 'waits_since', iso(due.waits_since),
                               'due_at', iso(due.at)));
        events := events || event_json(r, r.state, due.event);
    end loop;
    update request set clock_at = later where id = r.id;
    return events;
end
$$;
comment on function cs.clock_tell is
    'Records the reminder or escalation of a round that is due, each once, and sets when to look
again; the events.';

create or replace function cs.sweep_clocks(most int) returns jsonb
    language plpgsql as $$
declare
    r request;
    at timestamptz := clock_timestamp();
    events jsonb := '[]';
begin
    for r in select * from request q where q.state = 'pending' and q.clock_at <= at
             order by q.clock_at limit most for no key update skip locked loop
        events := events || clock_tell(r, at);
    end loop;
    return events;
end
$$;
comment on function cs.sweep_clocks is
    'Reminds of what has waited too long and escalates it; the events.';
