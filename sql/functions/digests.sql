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
        cs.bytes('countersign-decision-row-v1'), cs.bytes(d.id::text),
        cs.bytes(d.request_id::text), cs.bytes(d.revision::text), cs.bytes(d.round::text),
        cs.bytes(d.reviewer_id::text), cs.bytes(d.verdict), d.bundle_sha256, cs.bytes(d.note),
        cs.bytes(d.acknowledged::text), cs.bytes(d.dwell_ms::text), cs.bytes(d.session_id::text),
        cs.bytes(d.token_id::text), cs.bytes(cs.micros(d.decided_at)),
        cs.bytes(cs.micros(d.valid_until)), d.signature, cs.bytes(d.key_id),
        cs.bytes(d.needed::text)])));
comment on function cs.decision_digest is 'Digest in hex of a decision row.';

create or replace function cs.attempt_digest(a cs.attempt) returns text
    language sql stable parallel safe
    return cs.hex(sha256('\x00'::bytea || cs.fields(array[
        cs.bytes('countersign-attempt-v1'), cs.bytes(a.id::text), cs.bytes(a.request_id::text),
        cs.bytes(a.revision::text), cs.bytes(a.round::text), cs.bytes(a.backend),
        cs.bytes(cs.micros(a.valid_until)), cs.bytes(cs.micros(a.created_at))])));
comment on function cs.attempt_digest is
    'Digest in hex of the columns of an attempt row that never change.';
