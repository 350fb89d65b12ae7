select 1 -- a︀b
