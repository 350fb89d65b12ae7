-- Gives a role its password as a SCRAM verifier: the clear text never reaches the server.
do $$
begin
    execute pg_catalog.format('alter role %I password %L',
                              pg_catalog.current_setting('countersign.role'),
                              pg_catalog.current_setting('countersign.verifier'));
end
$$;
