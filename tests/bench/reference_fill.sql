-- Jobs that wait: of status 0 for approvals, 1 for claims. As many as any machine gets through.
truncate reference.job, reference.audit;
insert into reference.job (id, status, attempt, at)
select n, :status, 0, now() from generate_series(1, :count) n;
analyze reference.job;
