-- What is said around a query of an auditor, on the auditor's own connection. The first two run
-- before it: once a transaction has read anything it can not be made to write any more.

-- name: auditor_begin()
begin read only;

-- Who is signed in; and the limit for the statement that follows, in milliseconds.
-- name: auditor_guard(limit text)
select session_user::text as role, set_config('statement_timeout', $1, true) as timeout;

-- oids: {23,25,…}
-- name: type_names(oids text)
select pg_catalog.format_type(t.oid, null)
from unnest($1::oid[]) with ordinality t (oid, n) order by t.n;
