select 1 -- ┌─┐│└┘ █▓░
