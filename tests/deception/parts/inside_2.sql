select 'it''s 値'
