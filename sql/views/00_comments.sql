-- Every comment is given anew: one of a column that was worded otherwise does not stay.
do $$
declare
    c record;
begin
    for c in select n.table_name, n.column_name from information_schema.columns n
             where n.table_schema = 'audit' loop
        execute format('comment on column audit.%I.%I is null', c.table_name, c.column_name);
    end loop;
end
$$;
