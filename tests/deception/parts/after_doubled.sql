select 'it''s', usеr
