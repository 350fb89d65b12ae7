-- Digests of the rows that an audit row covers.

create or replace function cs.revision_digest(r cs.revision) returns text
    language sql stable parallel safe
    return cs.hex(sha256('\x00'::bytea || cs.field('countersign-revision-v1')
        || cs.field(r.request_id::text) || cs.field(r.revision::text)
        || cs.field(r.editor_id::text) || cs.field(r.session_id::text)
        || cs.field(r.token_id::text) || cs.field(r.title) || cs.field(r.code_sha256)
        || cs.field(r.bundle_sha256) || cs.field(cs.micros(r.created_at))));
comment on function cs.revision_digest is
    'Digest in hex of a revision row; bundle_sha256 covers what is not named in it.';

create or replace function cs.decision_digest(d cs.decision) returns text
    language sql stable parallel safe
    return cs.hex(sha256('\x00'::bytea || cs.field('countersign-decision-row-v1')
        || cs.field(d.id::text) || cs.field(d.request_id::text) || cs.field(d.revision::text)
        || cs.field(d.round::text) || cs.field(d.reviewer_id::text) || cs.field(d.verdict)
        || cs.field(d.bundle_sha256) || cs.field(d.note) || cs.field(d.acknowledged::text)
        || cs.field(d.dwell_ms::text) || cs.field(d.session_id::text)
        || cs.field(d.token_id::text) || cs.field(cs.micros(d.decided_at))
        || cs.field(cs.micros(d.valid_until)) || cs.field(d.signature) || cs.field(d.key_id)));
comment on function cs.decision_digest is 'Digest in hex of a decision row.';

create or replace function cs.attempt_digest(a cs.attempt) returns text
    language sql stable parallel safe
    return cs.hex(sha256('\x00'::bytea || cs.field('countersign-attempt-v1')
        || cs.field(a.id::text) || cs.field(a.request_id::text) || cs.field(a.revision::text)
        || cs.field(a.round::text) || cs.field(a.backend) || cs.field(cs.micros(a.valid_until))
        || cs.field(cs.micros(a.created_at))));
comment on function cs.attempt_digest is
    'Digest in hex of the columns of an attempt row that never change.';
