-- The shipped rules for SQL and for what can not be read. A change makes a version.

set search_path = cs, pg_temp;

insert into cs.shipped_rule (id, language, match, patterns, level, title, explanation, capability)
select id, language, match, cs.policy_words(match, words), level, title, explanation, capability
from (values
-- Any language: what could not be read.
('any.unread', 'any', 'clause', 'high', '', 'python.unread language.unknown',
 'Can not be read as code of this language', 'What was not understood needs a person.'),
('any.disguised', 'any', 'clause', 'high', '', 'identifier.disguised',
 'Writes a name in other letters', 'Python reads it as a plain name that people do not see.'),
-- Every sandbox of ours runs SQL on SQLite today, some of which PostgreSQL's parser does not know.
('sql.unread', 'sql', 'clause', 'medium', '', 'sql.unread', 'Can not be read as SQL of PostgreSQL',
 'The rules know no other SQL: only you can tell what this does.'),
('sql.spelled', 'sql', 'clause', 'note', '', 'sql.spelled',
 'Is written as SQLite or others spell SQL', 'It was read as PostgreSQL spells the same.'),
('sql.double', 'sql', 'clause', 'medium', '', 'sql.double',
 'Means one thing to PostgreSQL and another to SQLite',
 'What one reads as a text or a comment, the other runs.'),
('any.amount', 'any', 'clause', 'medium', '', 'amount.huge',
 'Makes something very large', 'Memory or time may not be enough.'),
-- SQL: kinds of statements. What no rule knows needs a person.
('sql.select', 'sql', 'statement', 'none', 'reads', 'SelectStmt', 'Reads rows', ''),
('sql.explain', 'sql', 'statement', 'note', '', 'ExplainStmt',
 'Asks how a statement would run', ''),
('sql.show', 'sql', 'statement', 'note', 'reads', 'VariableShowStmt', 'Asks for a setting', ''),
('sql.statement.other', 'sql', 'statement', 'high', 'changes', '*',
 'Does something other than reading', 'An analysis reads; nobody said what this statement does.'),
('sql.write', 'sql', 'statement', 'high', 'changes',
 'InsertStmt UpdateStmt DeleteStmt MergeStmt', 'Changes rows of a table', ''),
('sql.define', 'sql', 'statement', 'high', 'changes',
 'Create*Stmt Alter*Stmt CreateStmt IndexStmt ViewStmt RuleStmt DefineStmt RenameStmt CommentStmt
  Refresh*Stmt ReindexStmt ClusterStmt CompositeTypeStmt SecLabelStmt ReassignOwnedStmt',
 'Changes how the database is built', ''),
('sql.drop', 'sql', 'statement', 'block', 'changes',
 'Drop*Stmt DropStmt TruncateStmt DropdbStmt DropOwnedStmt DropRoleStmt',
 'Deletes tables or other things whole', ''),
('sql.rights', 'sql', 'statement', 'block', 'changes',
 'GrantStmt GrantRoleStmt CreateRoleStmt AlterRoleStmt AlterRoleSetStmt AlterDefaultPrivilegesStmt
  AlterOwnerStmt CreatePolicyStmt AlterPolicyStmt AlterSystemStmt',
 'Changes who may do what', ''),
('sql.code', 'sql', 'statement', 'block', 'calls',
 'DoStmt CreateFunctionStmt CreateTrigStmt CreateEventTrigStmt LoadStmt CreateExtensionStmt
  CreatePLangStmt CallStmt ExecuteStmt PrepareStmt CreateFdwStmt CreateForeignServerStmt
  CreateUserMappingStmt ImportForeignSchemaStmt CreateSubscriptionStmt CreatePublicationStmt',
 'Runs or stores code in the database', 'What it does is not seen here.'),
('sql.copy', 'sql', 'statement', 'block', 'changes', 'CopyStmt',
 'Copies between tables and files or programs', ''),
('sql.session', 'sql', 'statement', 'high', 'changes',
 'VariableSetStmt TransactionStmt DiscardStmt LockStmt ListenStmt NotifyStmt UnlistenStmt
  DeclareCursorStmt FetchStmt ClosePortalStmt CheckPointStmt VacuumStmt ConstraintsSetStmt',
 'Changes the session, its transaction or its locks', ''),
-- SQL: parts of statements.
('sql.into', 'sql', 'clause', 'high', 'saves', 'select.into', 'Makes a table of what it reads',
  ''),
('sql.locks', 'sql', 'clause', 'high', 'changes', 'select.locks',
 'Locks the rows that it reads', 'Others wait for them until it ends.'),
('sql.explain.runs', 'sql', 'clause', 'high', '', 'explain.runs',
 'Runs the statement that it asks about', 'EXPLAIN ANALYZE does what the statement says.'),
('sql.show.other', 'sql', 'clause', 'medium', '', 'show.*', 'Asks how the database is set up',
 'Such settings tell of files, addresses and rights.'),
('sql.show.plain', 'sql', 'clause', 'none', '',
 'show.server_version show.server_version_num show.timezone show.datestyle show.intervalstyle
  show.lc_* show.client_encoding show.server_encoding show.standard_conforming_strings
  show.integer_datetimes show.transaction_isolation show.default_transaction_isolation
  show.max_identifier_length show.extra_float_digits show.bytea_output show.xmloption',
 'Asks how values are read and shown', ''),
('sql.several', 'sql', 'clause', 'medium', '', 'statements.several',
 'Is several statements', 'One question is one statement.'),
('sql.none', 'sql', 'clause', 'medium', '', 'statements.none', 'Holds no statement', ''),
('sql.operator', 'sql', 'clause', 'medium', 'calls', 'operator.other',
 'Uses an operator of a schema that it names', 'It may be anybody''s function.'),
('sql.recursive', 'sql', 'clause', 'note', '', 'with.recursive',
 'Repeats until nothing new comes', 'It may take long.'),
('sql.endless', 'sql', 'clause', 'medium', '', 'rows.endless',
 'Asks itself without a condition that stops it', ''),
('sql.join', 'sql', 'clause', 'medium', '', 'join.unlimited',
 'Joins tables by nothing', 'Each row of one comes with each row of all the others.'),
('sql.match', 'sql', 'clause', 'medium', '', 'match.doubles',
 'Searches text in a way that may never end', 'Each more letter doubles the work.'),
('sql.xml', 'sql', 'clause', 'high', 'reads', 'xml.defines',
 'Holds XML that defines words of its own', 'Such a word may stand for a file, or for very much.'),
-- SQL: tables.
('sql.table', 'sql', 'table', 'none', 'reads', '*', 'Reads a table', ''),
('sql.table.catalog', 'sql', 'table', 'medium', 'reads',
 'pg_* pg_catalog.* information_schema.* *.pg_catalog.* *.information_schema.* pg_toast.* cron.*',
 'Reads what the database knows of itself', ''),
('sql.table.columns', 'sql', 'table', 'note', 'reads',
 'information_schema.tables information_schema.columns information_schema.schemata
  information_schema.table_constraints information_schema.key_column_usage
  information_schema.constraint_column_usage information_schema.referential_constraints
  pg_class pg_catalog.pg_class pg_attribute pg_catalog.pg_attribute pg_namespace
  pg_catalog.pg_namespace pg_type pg_catalog.pg_type pg_tables pg_catalog.pg_tables pg_enum
  pg_catalog.pg_enum pg_index pg_catalog.pg_index pg_constraint pg_catalog.pg_constraint
  pg_description pg_catalog.pg_description pg_indexes pg_catalog.pg_indexes sqlite_master
  sqlite_schema sqlite_temp_master sqlite_temp_schema sqlite_sequence information_schema.views
  pg_stats pg_catalog.pg_stats
  information_schema.routines.none main.sqlite_master main.sqlite_schema',
 'Asks which tables and columns there are', ''),
('sql.table.file', 'sql', 'table', 'high', 'reads', '*/* *://* *\\* ~*',
 'Reads a table that is named like a file', 'Some databases open the file of that name.'),
('sql.table.secret', 'sql', 'table', 'block', 'reads',
 'pg_shadow pg_authid pg_catalog.pg_shadow pg_catalog.pg_authid *pg_user_mapping*
  pg_hba_file_rules
  pg_catalog.pg_hba_file_rules *pg_largeobject* *pg_file_settings *pg_statistic
  *pg_subscription *pg_stat_ssl *pg_stat_gssapi *pg_ident_file_mappings *pg_config *pg_user
  *pg_roles *pg_auth_members *pg_settings *pg_stat_activity *pg_stat_replication
  *pg_stat_statements* *pg_prepared_statements *pg_cursors *pg_replication_slots
  *pg_shmem_allocations *pg_backend_memory_contexts *pg_stats_ext* *pg_db_role_setting
  *information_schema.*user_mapping*',
 'Reads passwords, rights or what others do', ''),
('sql.table.secret.like', 'sql', 'table', 'medium', 'reads',
 'secrets *.secrets *_secrets credentials *.credentials *_credentials api_keys *.api_keys
  vault.* *.vault.* mysql.* auth.users auth.identities auth.sessions auth.refresh_tokens',
 'Reads a table that is named as if it held secrets', ''),
('sql.table.other', 'sql', 'table', 'high', 'reads', '*.*.*', 'Reads another database', ''),
('sql.column.values', 'sql', 'column', 'high', 'reads',
 'most_common_vals *.most_common_vals most_common_elems *.most_common_elems histogram_bounds
  *.histogram_bounds',
 'Reads values that were sampled from other tables', ''),
('sql.column.secret', 'sql', 'column', 'high', 'reads',
 'passwd *.passwd rolpassword *.rolpassword password *.password password_hash *.password_hash
  api_key *.api_key secret *.secret api_secret *.api_secret access_token *.access_token
  private_key *.private_key session_token *.session_token refresh_token *.refresh_token
  usepasswd *.usepasswd umoptions *.umoptions ssn *.ssn credit_card_number *.credit_card_number
  card_number *.card_number cvv *.cvv totp_secret *.totp_secret encrypted_password
  *.encrypted_password password_digest *.password_digest',
 'Reads a column of secrets', ''),
('sql.column.secret.like', 'sql', 'column', 'medium', 'reads',
 '*secret_key *access_key *_secret *_password *_passwd *passphrase *_private_key *_api_key *apikey
  *password_hash *passwordhash *password_salt *_credentials *_cvv cvc *.cvc recovery_codes
  *.recovery_codes pwd *.pwd *_pwd pw_hash *.pw_hash *auth_token *access_token *refresh_token
  *reset_token *session_token *bearer_token *api_token *bot_token *id_token *remember_token
  *invite_token *verification_token *confirmation_token *csrf_token',
 'Reads a column that is named as if it held secrets', ''),
('sql.column.plain', 'sql', 'column', 'none', '',
 '*has_password *needs_password *requires_password *change_password *reset_password *no_password
  *forgot_password *is_secret *has_secret *has_api_key',
 'Says whether there is one', ''),
-- SQL: functions. What is in no list may do anything.
('sql.function.unknown', 'sql', 'function', 'medium', 'calls', '*',
 'Calls a function that the rules do not know', 'It may change or send anything.'),
('sql.function.known', 'sql', 'function', 'none', '',
 'count sum avg min max median quantile quantile_cont quantile_disc arg_max arg_min approx_quantile
  strptime regexp_extract year month day hour week dayofweek dayname monthname last_day abs ceil
  ceiling floor round trunc sign sqrt cbrt exp ln log log10 power
  pow mod div gcd lcm factorial pi degrees radians sin cos tan cot asin acos atan atan2 sinh cosh
  tanh random width_bucket scale min_scale trim_scale greatest least coalesce nullif
  stddev stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp regr_*
  mode percentile_cont percentile_disc bool_and bool_or every bit_and bit_or bit_xor any_value
  array_agg string_agg json_agg jsonb_agg json_object_agg jsonb_object_agg xmlagg range_agg
  range_intersect_agg row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value
  last_value nth_value grouping now current_date current_timestamp clock_timestamp
  statement_timestamp transaction_timestamp timeofday age date_part date_trunc date_bin extract
  isfinite justify_days justify_hours justify_interval make_date make_time make_timestamp
  make_timestamptz make_interval to_char to_date to_number to_timestamp timezone overlaps date
  timestamp time interval lower upper initcap length char_length character_length octet_length
  bit_length btrim ltrim rtrim trim substr substring left right lpad rpad repeat replace reverse
  translate split_part strpos position starts_with concat concat_ws format chr ascii md5 sha224
  sha256 sha384 sha512 encode decode quote_literal quote_ident quote_nullable to_hex overlay
  string_to_array string_to_table array_to_string regexp_match regexp_matches regexp_replace
  regexp_split_to_array regexp_split_to_table regexp_count regexp_instr regexp_like regexp_substr
  normalize is_normalized unistr parse_ident textlen like ilike similar_escape similar_to_escape
  like_escape not_like unaccent similarity word_similarity levenshtein soundex metaphone
  difference array_length array_upper array_lower array_ndims array_dims array_append
  array_prepend array_cat array_position array_positions array_remove array_replace array_fill
  array_shuffle array_sample cardinality unnest trim_array generate_series generate_subscripts
  to_json to_jsonb array_to_json row_to_json json_build_array jsonb_build_array json_build_object
  jsonb_build_object json_object jsonb_object json_array_length jsonb_array_length json_each
  jsonb_each json_each_text jsonb_each_text json_extract_path jsonb_extract_path
  json_extract_path_text jsonb_extract_path_text json_object_keys jsonb_object_keys
  json_populate_record jsonb_populate_record json_populate_recordset jsonb_populate_recordset
  json_array_elements jsonb_array_elements json_array_elements_text jsonb_array_elements_text
  json_typeof jsonb_typeof json_to_record jsonb_to_record json_to_recordset jsonb_to_recordset
  json_strip_nulls jsonb_strip_nulls jsonb_set jsonb_set_lax jsonb_insert jsonb_path_exists
  jsonb_path_match jsonb_path_query jsonb_path_query_array jsonb_path_query_first jsonb_pretty
  lower_inc upper_inc lower_inf upper_inf isempty range_merge int4range int8range numrange tsrange
  tstzrange daterange int4multirange datemultirange nummultirange multirange to_tsvector
  to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_rank ts_rank_cd ts_headline
  setweight numnode querytree host family masklen netmask network broadcast abbrev inet_merge
  inet_same_family set_masklen gen_random_uuid uuid_generate_v4 num_nulls num_nonnulls hashtext
  int4 int8 float8 float4 numeric text varchar bpchar bool int2 isnull st_* tablefunc_none
  point box circle line lseg path polygon area center diameter height width npoints radius slope
  box_none char_none crc32 jsonb_concat percentile_approx approx_count_distinct time_bucket
  cube rollup earth_distance ll_to_earth bit_count get_bit get_byte set_bit hstore akeys avals
  convert_from convert_to strip jsonb_exists jsonb_exists_any jsonb_exists_all casefold uuidv4
  uuidv7
  ts_delete ts_filter tsvector_to_array array_reverse array_sort json_object_agg_unique
  jsonb_path_exists_tz jsonb_path_query_tz jsonb_path_match_tz to_bin to_oct hashtextextended
  similarity_dist strict_word_similarity levenshtein_less_equal daitch_mokotoff dmetaphone
  dmetaphone_alt range_contains multirange_agg unicode_version substring_index regr
  ltree nlevel subpath lca akeys skeys svals each slice avals delete_none cube_dim
  erf erfc normal_rand_none random_normal array_to_tsvector xmlelement xmlforest pg_typeof
  sind cosd tand asind acosd atand atan2d acosh asinh atanh numeric_inc xmlconcat row
  xml_is_well_formed xml_is_well_formed_document xml_is_well_formed_content digest hmac
  hostmask set_byte isclosed isopen json_to_tsvector jsonb_to_tsvector ts_debug ts_lexize
  get_current_ts_config
  like_regex date_add date_subtract date_diff datediff_none total group_concat ifnull iif strftime
  julianday datetime printf instr unixepoch hex typeof substr_none',
 'Reckons', ''),
-- Functions of other databases, whose habits people keep, and of SQLite, which runs it.
('sql.function.known.other', 'sql', 'function', 'none', '',
 'if nvl nvl2 zeroifnull char unicode likely unlikely likelihood quote unhex randomblob zeroblob
  timediff sqlite_version sqlite_source_id json jsonb json_array jsonb_array json_error_position
  json_extract jsonb_extract json_insert json_patch jsonb_patch json_pretty json_remove
  jsonb_remove json_replace jsonb_replace json_set json_type json_valid json_quote json_group_array
  json_group_object jsonb_group_array jsonb_group_object json_tree jsonb_tree percentile log2 xpath
  xpath_exists xmlexists xmlparse xmlserialize xmlcomment xmlpi xmlroot xml_is_well_formed_document
  datepart datetrunc datename dateadd datediff date_format str_to_date timestampdiff timestampadd
  curdate curtime sysdate sysdatetime getdate getutcdate utc_timestamp utc_date dayofmonth
  dayofyear weekofyear weekday yearweek quarter century decade millennium epoch epoch_ms epoch_us
  epoch_ns second minute microsecond millisecond isodow isoyear era julian time_bucket_gapfill locf
  interpolate to_days from_days to_years to_months to_weeks to_hours to_minutes to_seconds
  to_milliseconds months_between add_months next_day eomonth datefromparts from_unixtime
  unix_timestamp unix_seconds unix_millis timestamp_seconds timestamp_millis timestamp_trunc
  datetime_trunc time_trunc timestamp_add timestamp_sub timestamp_diff datetime_add datetime_sub
  datetime_diff parse_date parse_timestamp parse_datetime format_date format_timestamp
  format_datetime generate_date_array generate_timestamp_array generate_array try_strptime try_cast
  try_convert safe_cast safe_divide safe_offset safe_ordinal ordinal to_json_string parse_json
  json_value json_query json_unquote json_contains json_keys json_search json_length json_depth
  json_arrayagg json_objectagg countif count_if sumif avgif approx_quantiles approx_top_count
  logical_and logical_or ratio_to_report listagg wm_concat collect_list collect_set max_by min_by
  todate todatetime toyear tomonth tostartofmonth tostartofweek tostartofday uniq uniqexact
  argmax argmin arg_max_null arg_min_null first last list histogram product kurtosis kurtosis_pop
  skewness entropy mad sem favg fsum kahan_sum geomean geometric_mean bitstring_agg approx_median
  reservoir_quantile stdev stdevp var varp std variance_samp variance_pop skew contains prefix
  suffix ends_with endswith startswith startsWith list_contains list_has list_value list_aggregate
  list_aggr list_filter list_transform list_apply list_sort list_reverse_sort list_distinct
  list_unique list_any_value list_append list_prepend list_cat list_concat list_count list_sum
  list_avg list_min list_max list_median list_mode list_first list_last list_element list_extract
  list_indexof list_position list_intersect list_has_any list_has_all list_resize list_slice
  list_zip list_reduce list_select list_where list_grade_up list_cosine_similarity list_distance
  list_inner_product list_dot_product list_string_agg list_histogram array_agg_distinct
  array_contains array_has array_aggregate array_filter array_transform array_distinct array_sum
  array_avg array_max array_min array_slice array_size array_intersect array_union array_except
  array_join array_compact array_concat array_construct array_flatten array_first array_last
  array_indexof array_distance array_cosine_similarity array_cosine_distance array_inner_product
  array_cross_product array_value array_unique array_zip array_extract array_has_any array_has_all
  flatten range len struct_pack struct_extract struct_insert map map_keys map_values map_entries
  map_extract map_from_entries map_contains map_concat element_at object_construct object_keys
  named_struct hash murmur3 xxhash64 farm_fingerprint hamming jaccard jaro_similarity
  jaro_winkler_similarity editdist3 damerau_levenshtein mismatches strip_accents nfc_normalize
  str_split string_split string_split_regex str_split_regex regexp_full_match regexp_extract_all
  regexp_split regexp_contains regexp_substr_all regexp_escape rlike split splitpart find_in_set
  field elt charindex patindex stuff replicate space concat_null concatenate string_contains bar
  bin base64 to_base64 from_base64 from_hex url_encode url_decode format_number format_bytes
  formatreadablesize to_varchar to_decimal try_to_number try_to_date try_to_decimal
  try_to_timestamp to_timestamp_ntz to_time tochar greatest_common_divisor least_common_multiple
  isnan isinf is_nan is_inf ieee_divide even gamma lgamma signbit xor nextafter add subtract
  multiply divide rand newid choose square log1p expm1 truncate fdiv fmod strlen lcase ucase mid
  locate lengthb byte_length generate_uuid uuid newsequentialid checksum binary_checksum nullifzero
  div0 div0null equal_null iff grouping_id seq4 seq8 uniform zipf hll_count approx_distinct
  hyperloglog_cardinality approx_percentile conditional_true_event conditional_change_event
  session_window tumble hop sumproduct stddev_population first_day_of_month last_day_of_month
  date_from_parts time_from_parts timestamp_from_parts dateformat weekofmonth yearofweek makedate
  maketime period_diff period_add sec_to_time time_to_sec to_iso8601 from_iso8601_timestamp
  from_iso8601_date at_timezone date_parse day_of_week day_of_month day_of_year year_of_week
  week_of_year enum_range enum_first enum_last json_scalar json_serialize pg_input_is_valid
  to_ascii make_timestamp_ntz cosine_similarity l2_distance inner_product cosine_distance
  l1_distance vector_dims vector_norm geodistance haversine',
 'Reckons', ''),
('sql.function.note', 'sql', 'function', 'note', '',
 'version current_user session_user current_database current_schema current_schemas user
  pg_size_pretty setseed pg_column_size pg_total_relation_size pg_relation_size pg_table_size
  pg_indexes_size to_regclass to_regtype format_type obj_description
  col_description',
 'Asks what the database says of itself', ''),
('sql.function.danger', 'sql', 'function', 'block', 'calls',
 'pg_read_file pg_read_binary_file pg_ls_* pg_stat_file pg_file_* lo_* dblink*
  pg_execute_server_program
  query_to_xml* table_to_xml* schema_to_xml* database_to_xml* cursor_to_xml* ts_stat ts_rewrite
  crosstab* connectby* xpath_table set_config pg_reload_conf pg_rotate_logfile*
  pg_terminate_backend
  pg_cancel_backend pg_sleep* pg_advisory_* pg_try_advisory_* pg_notify pg_logical_* pg_create_*
  pg_drop_* pg_replication_* pg_switch_wal pg_walfile_* pg_start_backup pg_stop_backup pg_backup_*
  pg_promote pg_wal_* pg_export_snapshot pg_import_system_collations pg_stat_reset*
  pg_stat_clear_snapshot pg_log_backend_memory_contexts nextval setval currval lastval txid_*
  pg_current_xact_id
  pg_current_logfile current_setting pg_get_* pg_show_all_* pg_hba_* pg_ident_* pg_config
  pg_relation_filepath pg_tablespace_* pg_database_size has_*_privilege
  inet_server_addr inet_server_port inet_client_addr pg_backend_pid pg_postmaster_start_time
  binary_upgrade_* pg_extension_config_dump pg_event_trigger_* pg_nextoid
  pg_stop_making_pinned_objects
  http* http_get http_post copy_* plpy* exec execute_* exec_* load_extension readfile writefile
  edit fsdir load_file xp_* sp_* sys_exec sys_eval utl_* dbms_* read_csv read_csv_auto
  read_parquet read_text read_blob read_json* glob pg_prewarm pgp_* pg_buffercache* pgrowlocks
  pgstat* pg_stat_get_* pg_lock_status pg_prepared_* pg_cursor pg_timezone_* pg_available_*
  amcheck* bt_* heap_* get_raw_page page_* fsm_* gin_* brin_* pg_visibility* pg_truncate_*
  file_fdw* postgres_fdw* aws_* google_* net.* cron.* aws_s3.* *.dblink* *.pg_read_file
  *.lo_* *.http* extensions.http* *.set_config *.query_to_xml* *.exec* *.pg_sleep*',
 'Reads files, calls other machines, holds up the server or runs text as SQL', '')
) r (id, language, match, level, capability, words, title, explanation);
