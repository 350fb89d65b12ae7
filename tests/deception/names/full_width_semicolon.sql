select 1； drop table t
