select 1 -- Tiếng Việt rất đẹp
