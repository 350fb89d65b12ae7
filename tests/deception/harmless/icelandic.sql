select 1 -- Það er gott veður
