-- Digests of the rows that an audit row covers.

set search_path = cs, pg_temp;

create or replace function cs.revision_digest(r cs.revision) returns text
    language sql stable parallel safe
    return cs.hex(sha256('\x00'::bytea || cs.fields(array[
        cs.bytes('countersign-revision-v1'), cs.bytes(r.request_id::text),
        cs.bytes(r.revision::text), cs.bytes(r.editor_id::text), cs.bytes(r.session_id::text),
        cs.bytes(r.token_id::text), cs.bytes(r.title), r.code_sha256, r.bundle_sha256,
        cs.bytes(cs.micros(r.created_at)), cs.bytes(r.risk), cs.bytes(r.verdict)])));
comment on function cs.revision_digest is
    'Digest in hex of a revision row; bundle_sha256 covers what is not named in it.';

create or replace function cs.decision_digest(d cs.decision) returns text
    language sql stable parallel safe
    return cs.hex(sha256('\x00'::bytea || cs.fields(array[
        cs.bytes('countersign-decision-row-v' || case when d.seen_bytes is null then 1 else 2 end),
        cs.bytes(d.id::text),
        cs.bytes(d.request_id::text), cs.bytes(d.revision::text), cs.bytes(d.round::text),
        cs.bytes(d.reviewer_id::text), cs.bytes(d.verdict), d.bundle_sha256, cs.bytes(d.note),
        cs.bytes(d.acknowledged::text), cs.bytes(d.dwell_ms::text), cs.bytes(d.session_id::text),
        cs.bytes(d.token_id::text), cs.bytes(cs.micros(d.decided_at)),
        cs.bytes(cs.micros(d.valid_until)), d.signature, cs.bytes(d.key_id),
        cs.bytes(d.needed::text)] || case when d.seen_bytes is not null
            then array[cs.bytes(d.seen_bytes::text)] end)));
comment on function cs.decision_digest is
    'Digest in hex of a decision row; in the second form where it is said what was seen.';

create or replace function cs.attempt_fields(a cs.attempt) returns bytea
    language sql stable parallel safe
    return cs.fields(array[
        cs.bytes('countersign-attempt-v1'), cs.bytes(a.id::text), cs.bytes(a.request_id::text),
        cs.bytes(a.revision::text), cs.bytes(a.round::text), cs.bytes(a.backend),
        cs.bytes(cs.micros(a.valid_until)), cs.bytes(cs.micros(a.created_at))]);
comment on function cs.attempt_fields is 'The columns of an attempt row that never change.';

create or replace function cs.attempt_digest(a cs.attempt) returns text
    language sql stable parallel safe
    return cs.hex(sha256('\x00'::bytea || cs.attempt_fields(a)));
comment on function cs.attempt_digest is
    'Digest in hex of an attempt row as it was made: the columns that never change.';

create or replace function cs.attempt_end_digest(a cs.attempt) returns text
    language sql stable parallel safe
    return cs.hex(sha256('\x00'::bytea || cs.attempt_fields(a) || cs.fields(array[
        cs.bytes('countersign-attempt-end-v1'), cs.bytes(a.fence::text),
        cs.bytes(cs.micros(a.started_at)), cs.bytes(cs.micros(a.running_at)),
        cs.bytes(cs.micros(a.finished_at)), cs.bytes(a.exit_code::text),
        cs.bytes(a.term_signal::text), cs.bytes(a.reason), cs.bytes(a.error_name),
        cs.bytes(a.error_value), cs.bytes(a.duration_ms::text), cs.bytes(a.cpu_ms::text),
        cs.bytes(a.memory_peak_bytes::text), cs.bytes(a.output_truncated::text),
        a.results_sha256])));
comment on function cs.attempt_end_digest is
    'Digest in hex of an attempt row as it ended: the columns that never change, then what came of
it; results_sha256 covers what it handed back.';

create or replace function cs.attempt_ends(a cs.attempt) returns jsonb
    language sql stable parallel safe
    return jsonb_build_object('attempt:' || a.id, cs.attempt_end_digest(a));
comment on function cs.attempt_ends is
    'The row_digests of an audit row after which an attempt that has ended is as it is now: of
several in a chain the newest holds.';

create or replace function cs.cost_digest(c cs.cost_span) returns jsonb
    language sql stable parallel safe
    return jsonb_build_object('cost_span:' || c.id, cs.hex(sha256('\x00'::bytea || cs.fields(array[
        cs.bytes('countersign-cost_span-v1'), cs.bytes(c.id::text), cs.bytes(c.request_id::text),
        cs.bytes(c.attempt_id::text), cs.bytes(c.fence::text), cs.bytes(c.kind),
        cs.bytes(c.provider), cs.bytes(c.model), cs.bytes(c.team_id::text),
        cs.bytes(c.person_id::text), cs.bytes(c.feature), cs.bytes(c.tokens_in::text),
        cs.bytes(c.tokens_out::text), cs.bytes(c.tokens_cached::text), cs.bytes(c.seconds::text),
        cs.bytes(c.nano_usd::text), cs.bytes(c.price_version), cs.bytes(c.trace_id),
        cs.bytes(c.span_id), cs.bytes(cs.micros(c.started_at)), cs.bytes(cs.micros(c.ended_at)),
        cs.bytes(c.estimated::text), cs.bytes(c.cpu::text), cs.bytes(c.memory_mib::text),
        cs.bytes(c.disk_gib::text)]))));
comment on function cs.cost_digest is
    'The row_digests of the audit row that comes with a cost span.';

create or replace function cs.results_digest(of_attempt bigint) returns bytea
    language plpgsql stable as $$
begin
    return (select sha256('\x00'::bytea || string_agg(cs.fields(array[
                cs.bytes('countersign-result-v1'), cs.bytes(o.attempt_id::text),
                cs.bytes(o.fence::text), cs.bytes(o.n::text), cs.bytes(o.kind), cs.bytes(o.name),
                cs.bytes(o.mime), cs.bytes(o.bytes::text), o.sha256, cs.bytes(o.meta::text)]),
                ''::bytea order by o.n))
            from cs.output_item o where o.attempt_id = of_attempt);
end
$$;
comment on function cs.results_digest is
    'Digest over what an attempt handed back, each item with the digest of its bytes; null: none.';

create or replace function cs.request_digest(
    id bigint, team_id bigint, author_id bigint, token_id bigint, created_at timestamptz,
    again_of bigint, title text, question text, state_echo jsonb)
    returns text language sql stable parallel safe
    return cs.hex(sha256('\x00'::bytea || cs.fields(array[
        cs.bytes('countersign-request-v1'), cs.bytes(id::text), cs.bytes(team_id::text),
        cs.bytes(author_id::text), cs.bytes(token_id::text), cs.bytes(cs.micros(created_at)),
        cs.bytes(again_of::text), cs.bytes(title), cs.bytes(question),
        cs.bytes(state_echo::text)])));
comment on function cs.request_digest is
    'Digest in hex of what never changes of a request: whose it is, for which team, and what was
asked.';
