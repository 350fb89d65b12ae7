-- The live feed out of the audit trail. Ids are drawn before they commit, so a later one may be
-- seen first: what is new is told by snapshots, not by ids.

set search_path = cs, pg_temp;

create or replace function cs.events_now(ret_id out bigint, ret_seen out text)
    language sql stable security definer set search_path = cs, pg_temp as $$
    select coalesce(max(id), 0), pg_current_snapshot()::text from audit_event
$$;
comment on function cs.events_now is
    'The newest audit row''s id, and what is committed by now, as a snapshot.';

create or replace function cs.streams_over(asked jsonb) returns setof bigint
    language sql stable security definer set search_path = cs, pg_temp
    set enable_seqscan = off as $$
    select (a ->> 0)::bigint
    from jsonb_array_elements(asked) a
    left join person p on p.id = (a ->> 1)::bigint and p.disabled_at is null
        and owner_is_enabled(p)
    left join session s on s.id = (a ->> 2)::bigint and s.person_id = p.id
        and s.revoked_at is null and s.expires_at > clock_timestamp()
    left join api_token t on t.id = (a ->> 3)::bigint and t.person_id = p.id
        and t.revoked_at is null and (t.expires_at is null or t.expires_at > clock_timestamp())
        and 'read' = any (t.scopes)
    where (s.id is null and t.id is null)
        or array_to_string(p.roles, ',') <> a ->> 4
        or not starts_with(',' || array_to_string(array(select m.team_id from team_member m
                                where m.person_id = p.id order by 1), ',') || ',', a ->> 5)
    order by 1
$$;
comment on function cs.streams_over is
    '[[number, person, session or 0, token or 0, roles, teams], …] → the numbers of those whose
session or token has ended, or who have other roles or fewer teams by now. roles: with commas
between; teams: their ids with commas around, too, or the beginning of that.';

create or replace function cs.events_between(after_id bigint, since text, until text, most int)
    returns table (audit_id bigint, event text) language sql stable
    security definer set search_path = cs, pg_temp
    set enable_seqscan = off as $$ -- how few rows are newer, the plan can not know
    select e.id, (jsonb_build_object('id', r.id, 'state', r.state, 'revision', r.revision,
        'team_id', r.team_id, 'author_id', r.author_id, 'owner_id', p.owner_id,
        'at', iso(e.ts), 'what', e.event) || held_json(r.id, r.state))::text
    from (select a.* from ( -- offset 0: by id, never all rows that are about requests
              select * from audit_event n where n.id > after_id order by n.id offset 0) a
          where a.entity = 'request' and a.event <> 'request.carried'
            and not pg_visible_in_snapshot(a.xid, since::pg_snapshot)
            and pg_visible_in_snapshot(a.xid, until::pg_snapshot)
          order by a.id limit most) e
    join request r on r.id = e.entity_id
    join person p on p.id = r.author_id
    order by e.id
$$;
comment on function cs.events_between is
    'What was committed between two snapshots, with ids greater than one: id and event, by id.';
