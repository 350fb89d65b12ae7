select 1 -- Љубав и џез
