with t as (select 1 as a)
select a, count(*) from t group by a;
