-- The views describe themselves: what docs/audit-views.md is made from.

create or replace view audit.contract as
select c.relname::text as view, obj_description(c.oid, 'pg_class') as view_about,
       a.attnum::int as n, a.attname::text as column_name,
       format_type(a.atttypid, a.atttypmod) as type, col_description(c.oid, a.attnum) as about
from pg_catalog.pg_class c
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'audit'::regnamespace and c.relkind = 'v';
comment on view audit.contract is 'Each column of each of these views, with what it means.';
