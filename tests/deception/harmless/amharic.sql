select 1 -- ሰላም ልዑል
