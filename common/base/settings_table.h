/* The table of settings. No #pragma once: it is read several times, with the
 * macros defined anew each time.
 * SETTING_TEXT(field, environment name, default, users, what it says)
 * SETTING_SECRET(field, environment name, users, what it says)
 * SETTING_NUMBER(field, environment name, default, least, most, users, what it says) */

#define EVERY (SETTINGS_API | SETTINGS_WORKER | SETTINGS_ADMIN)
#define MIB INT64_C(1048576)

/* Where things are */
SETTING_SECRET(database_url, "DATABASE_URL", EVERY,
               "libpq connection string or URL of this process's own database role")
SETTING_SECRET(
    audit_database_url, "AUDIT_DATABASE_URL", SETTINGS_API | SETTINGS_ADMIN,
    "the same of role countersign_auditor, for queries on the audit trail; empty: none are "
    "answered")
SETTING_SECRET(redis_url, "REDIS_URL", SETTINGS_API | SETTINGS_WORKER,
               "redis://[:password@]host:port or unix:///path/of/socket; empty works without Redis")
SETTING_TEXT(redis_prefix, "REDIS_PREFIX", "", SETTINGS_API | SETTINGS_WORKER,
             "put before every Redis key, so that several instances can share one Redis")
SETTING_TEXT(log_level, "LOG_LEVEL", "info", EVERY, "debug, info, warn or error")

/* The api */
SETTING_TEXT(api_bind, "API_BIND", "127.0.0.1", SETTINGS_API, "address to listen on")
SETTING_NUMBER(api_port, "API_PORT", 8080, 0, 65535, SETTINGS_API,
               "port to listen on; 0 takes a free one")
SETTING_TEXT(api_port_file, "API_PORT_FILE", "", SETTINGS_API,
             "file that gets the port once the api listens")
SETTING_TEXT(public_url, "PUBLIC_URL", "", SETTINGS_API | SETTINGS_ADMIN,
             "address people use, such as https://countersign.example.com; https turns on Secure "
             "cookies and HSTS")
SETTING_NUMBER(api_threads, "API_THREADS", 16, 1, 64, SETTINGS_API, "network threads")
SETTING_NUMBER(api_handlers, "API_HANDLERS", 32, 1, 64, SETTINGS_API,
               "handler threads, each with a database connection of its own; as many changes may "
               "share a commit")
SETTING_NUMBER(max_connections, "MAX_CONNECTIONS", 12000, 16, 100000, SETTINGS_API,
               "open connections in all")
SETTING_NUMBER(max_connections_per_address, "MAX_CONNECTIONS_PER_ADDRESS", 12000, 1, 100000,
               SETTINGS_API, "open connections from one address")
SETTING_NUMBER(max_streams_per_person, "MAX_STREAMS_PER_PERSON", 64, 1, 100000, SETTINGS_API,
               "event streams and long polls that one person may hold open")
SETTING_NUMBER(idle_seconds, "IDLE_SECONDS", 15, 1, 3600, SETTINGS_API,
               "an inactive connection is closed after this")
SETTING_NUMBER(header_seconds, "HEADER_SECONDS", 10, 1, 600, SETTINGS_API,
               "time a client has to send its headers")
SETTING_NUMBER(body_seconds, "BODY_SECONDS", 30, 1, 3600, SETTINGS_API,
               "time a client has to send a body, and to read an answer")
SETTING_NUMBER(max_body_bytes, "MAX_BODY_BYTES", MIB, 1024, 64 * MIB, SETTINGS_API,
               "largest JSON body")
SETTING_NUMBER(max_upload_bytes, "MAX_UPLOAD_BYTES", 32 * MIB, 1024, 64 * MIB, SETTINGS_API,
               "largest input file")
SETTING_NUMBER(max_code_bytes, "MAX_CODE_BYTES", 262144, 1, MIB, SETTINGS_API, "largest code")
SETTING_NUMBER(max_code_lines, "MAX_CODE_LINES", 2000, 1, 100000, SETTINGS_API,
               "most lines of code")
SETTING_NUMBER(max_waiting_per_person, "MAX_WAITING_PER_PERSON", 200, 1, 1000000, SETTINGS_API,
               "requests of one person that may wait for review at once")
SETTING_NUMBER(session_idle_seconds, "SESSION_IDLE_SECONDS", 1800, 60, 86400, SETTINGS_API,
               "a session ends after this much inactivity")
SETTING_NUMBER(session_seconds, "SESSION_SECONDS", 43200, 60, 604800, SETTINGS_API,
               "a session ends after this in any case")
SETTING_NUMBER(
    reauth_seconds, "REAUTH_SECONDS", 900, 60, 86400, SETTINGS_API,
    "how old the last proof of who somebody is may be where it counts, such as approving "
    "what is of high risk")
SETTING_TEXT(
    password_words, "PASSWORD_WORDS", "", SETTINGS_API,
    "words, with commas between, that count nothing in a password: names of the house, its "
    "products and systems")
SETTING_TEXT(proxy_addresses, "PROXY_ADDRESSES", "", SETTINGS_API,
             "addresses or ranges, such as 10.0.0.0/8, with commas between, from which a proxy may "
             "say who somebody is")
SETTING_SECRET(proxy_secret, "PROXY_SECRET", SETTINGS_API,
               "what that proxy must send as X-Proxy-Secret as well; at least 16 characters")
SETTING_TEXT(proxy_user_header, "PROXY_USER_HEADER", "X-Remote-User", SETTINGS_API,
             "header in which that proxy names a login; empty: it signs nobody in")
SETTING_TEXT(
    proxy_address_header, "PROXY_ADDRESS_HEADER", "", SETTINGS_API,
    "header to which that proxy adds the address of who asks, such as X-Forwarded-For: then "
    "tries to sign in are counted by that address; empty: by the address of the proxy")
SETTING_NUMBER(sign_in_creates, "SIGN_IN_CREATES", 0, 0, 1, SETTINGS_API,
               "1 makes an analyst without a team of somebody new whom the proxy or the OpenID "
               "provider names")
SETTING_TEXT(oidc_issuer, "OIDC_ISSUER", "", SETTINGS_API,
             "OpenID provider for signing in, exactly as it names itself; https, or http on this "
             "machine")
SETTING_TEXT(oidc_client_id, "OIDC_CLIENT_ID", "", SETTINGS_API, "our name at that provider")
SETTING_SECRET(oidc_client_secret, "OIDC_CLIENT_SECRET", SETTINGS_API,
               "our secret there; empty for a public client")
SETTING_TEXT(oidc_redirect_url, "OIDC_REDIRECT_URL", "", SETTINGS_API,
             "where the provider sends people back to; empty: PUBLIC_URL and /sign-in")
SETTING_NUMBER(oidc_link_by_email, "OIDC_LINK_BY_EMAIL", 0, 0, 1, SETTINGS_API,
               "1 takes somebody who comes for the first time for the person whose login is their "
               "verified e-mail address")
SETTING_TEXT(second_factor, "SECOND_FACTOR", "offered", SETTINGS_API,
             "off, offered or required: whether people may set up a second factor, and whether "
             "reviewers and admins who sign in by password or link must")
SETTING_NUMBER(undo_seconds, "UNDO_SECONDS", 5, 0, 60, SETTINGS_API,
               "how long the page lets a reviewer undo an approval before it starts")
SETTING_NUMBER(review_min_seconds, "REVIEW_MIN_SECONDS", 0, 0, 3600, SETTINGS_API,
               "how long ago the code must first have been sent to who approves it; 0: never mind")
SETTING_NUMBER(approval_seconds, "APPROVAL_SECONDS", 86400, 60, 2592000, SETTINGS_API,
               "how long an approval stays valid before it runs")
SETTING_NUMBER(pending_seconds, "PENDING_SECONDS", 604800, 60, 31536000, SETTINGS_API,
               "how long a request waits for reviewers before it expires")
SETTING_NUMBER(break_glass, "BREAK_GLASS", 0, 0, 1, SETTINGS_API,
               "1 lets an admin of a team approve alone what is of high risk, with a reason, while "
               "`countersign break-glass on` holds")
SETTING_NUMBER(remind_seconds, "REMIND_SECONDS", 14400, 0, 31536000, SETTINGS_API,
               "how long a request waits before its reviewers are reminded; 0: never")
SETTING_NUMBER(escalate_seconds, "ESCALATE_SECONDS", 86400, 0, 31536000, SETTINGS_API,
               "how long a request waits before it is overdue, which admins see, too; 0: never")

/* Keys, and what is sealed with them */
SETTING_TEXT(signing_key_file, "SIGNING_KEY_FILE", "", SETTINGS_API,
             "secret key that signs decisions, as `countersign key create decision` makes it")
SETTING_TEXT(factor_key_file, "FACTOR_KEY_FILE", "", SETTINGS_API,
             "secret key that seals what people's apps have, as `countersign key create factor` "
             "makes it; empty: nobody sets up a second factor")
SETTING_TEXT(decision_keys_file, "DECISION_KEYS_FILE", "", EVERY,
             "public keys of decisions, one a line, retired ones too")
SETTING_SECRET(sealer_database_url, "SEALER_DATABASE_URL", SETTINGS_API,
               "connection string of countersign_sealer; empty: this api seals nothing")
SETTING_TEXT(seal_key_file, "SEAL_KEY_FILE", "", SETTINGS_API,
             "secret key that signs seals of the audit trail; empty: this api seals nothing")
SETTING_SECRET(verifier_database_url, "VERIFIER_DATABASE_URL", SETTINGS_ADMIN,
               "connection string of countersign_verifier, for `countersign audit`")
SETTING_TEXT(seal_keys_file, "SEAL_KEYS_FILE", "", SETTINGS_ADMIN,
             "public keys of seals, one a line, retired ones too")
SETTING_TEXT(seal_heads_file, "SEAL_HEADS_FILE", "", SETTINGS_API | SETTINGS_ADMIN,
             "file that gets a line for each seal; best on another volume, where only more is "
             "ever appended")
SETTING_TEXT(seal_webhook_url, "SEAL_WEBHOOK_URL", "", SETTINGS_API,
             "https address that gets each head by POST, in order; empty: none")
SETTING_TEXT(
    disk_paths, "DISK_PATHS", "", SETTINGS_API,
    "folders whose disks are watched, with commas between: where PostgreSQL keeps its data, "
    "if that is here; the disk of SEAL_HEADS_FILE is watched anyway")
SETTING_NUMBER(disk_floor_percent, "DISK_FLOOR_PERCENT", 5, 0, 100, SETTINGS_API,
               "nothing new is taken while a watched disk has less than this free; 0: never mind")
SETTING_NUMBER(retention_min_days, "RETENTION_MIN_DAYS", 365, 30, 36500,
               SETTINGS_API | SETTINGS_ADMIN,
               "how old a part of the audit trail must be before two admins may agree to drop it")

/* Limits of a run: the default of each request and the most it may ask for */
SETTING_NUMBER(sandbox_wall_ms, "SANDBOX_TIMEOUT_MS", 30000, 100, 3600000, SETTINGS_API,
               "wall time of a run")
SETTING_NUMBER(sandbox_memory_bytes, "SANDBOX_MEMORY_BYTES", 1024 * MIB, 64 * MIB, 65536 * MIB,
               SETTINGS_API, "memory of a run")
SETTING_NUMBER(sandbox_pids, "SANDBOX_PIDS", 64, 4, 4096, SETTINGS_API,
               "processes and threads of a run")
SETTING_NUMBER(sandbox_cpu_ms, "SANDBOX_CPU_MS", 120000, 100, 36000000, SETTINGS_API,
               "processor time of a local run, all its processes together")
SETTING_NUMBER(sandbox_tmp_bytes, "SANDBOX_TMP_BYTES", 64 * MIB, MIB, 4096 * MIB, SETTINGS_API,
               "size of the work folder of a local run")
SETTING_NUMBER(sandbox_output_bytes, "SANDBOX_OUTPUT_BYTES", MIB, 1024, 64 * MIB, SETTINGS_API,
               "stdout and stderr of a run, together")
SETTING_NUMBER(sandbox_files, "SANDBOX_FILES", 8, 0, 64, SETTINGS_API,
               "files, charts and tables that a run may hand back")
SETTING_NUMBER(sandbox_file_bytes, "SANDBOX_FILE_BYTES", 8 * MIB, 1024, 64 * MIB, SETTINGS_API,
               "size of each of them")

SETTING_TEXT(
    sandbox, "SANDBOX", "", SETTINGS_API,
    "where code runs: local, e2b or daytona; empty takes e2b when E2B_API_KEY is set, else "
    "daytona when DAYTONA_API_KEY is, else local")
SETTING_TEXT(sandboxes, "SANDBOXES", "", SETTINGS_API,
             "what a request may ask for instead, with commas between; empty: local and those "
             "whose key is set")

/* Sandbox services. A worker serves one only when it has the key. */
SETTING_SECRET(e2b_api_key, "E2B_API_KEY", SETTINGS_API | SETTINGS_WORKER, "key of E2B")
SETTING_TEXT(e2b_domain, "E2B_DOMAIN", "e2b.app", SETTINGS_WORKER, "domain of E2B")
SETTING_TEXT(e2b_api_url, "E2B_API_URL", "", SETTINGS_WORKER,
             "address of its control plane; empty: https://api.E2B_DOMAIN")
SETTING_TEXT(e2b_sandbox_url, "E2B_SANDBOX_URL", "", SETTINGS_WORKER,
             "one address for every port of every sandbox; empty builds host names from E2B_DOMAIN")
SETTING_TEXT(e2b_template, "E2B_TEMPLATE", "code-interpreter-v1", SETTINGS_API | SETTINGS_WORKER,
             "template of its sandboxes")
SETTING_NUMBER(e2b_call_ms, "E2B_CALL_MS", 60000, 100, 600000, SETTINGS_WORKER,
               "for the answer to a create; other calls get a part")
SETTING_SECRET(daytona_api_key, "DAYTONA_API_KEY", SETTINGS_API | SETTINGS_WORKER, "key of Daytona")
SETTING_TEXT(daytona_api_url, "DAYTONA_API_URL", "https://app.daytona.io/api", SETTINGS_WORKER,
             "address of its control plane")
SETTING_TEXT(daytona_target, "DAYTONA_TARGET", "", SETTINGS_WORKER,
             "region of its sandboxes; empty: the organization's own")
SETTING_TEXT(
    daytona_toolbox_host, "DAYTONA_TOOLBOX_HOST", "", SETTINGS_WORKER,
    "host, or domain of hosts, that may get Daytona's key as a toolbox; empty: any it names that "
    "is public, or at the host of DAYTONA_API_URL")
SETTING_TEXT(daytona_snapshot, "DAYTONA_SNAPSHOT", "", SETTINGS_API | SETTINGS_WORKER,
             "snapshot of its sandboxes; empty: the service's own")
SETTING_NUMBER(daytona_call_ms, "DAYTONA_CALL_MS", 60000, 100, 600000, SETTINGS_WORKER,
               "for the answer to a create, which may be held for 30 s; other calls get a part")
SETTING_TEXT(ca_file, "CA_FILE", "", SETTINGS_API | SETTINGS_WORKER,
             "file of certificate authorities to trust; empty: those of the system")
SETTING_NUMBER(breaker_failures, "BREAKER_FAILURES", 5, 1, 1000, SETTINGS_WORKER,
               "failures of a service in a row after which it is left alone; also as "
               "CIRCUIT_BREAKER_FAILURE_THRESHOLD")
SETTING_NUMBER(breaker_recovery_ms, "BREAKER_RECOVERY_MS", 30000, 50, 3600000, SETTINGS_WORKER,
               "how long, before it is tried again; also as CIRCUIT_BREAKER_RECOVERY_TIMEOUT_MS")
SETTING_NUMBER(janitor_seconds, "JANITOR_SECONDS", 60, 1, 86400, SETTINGS_WORKER,
               "how often sandboxes that nobody owns are looked for at the services")

/* The worker */
SETTING_TEXT(worker_name, "WORKER_NAME", "", SETTINGS_WORKER,
             "name shown to people; the host name and process id when empty")
SETTING_TEXT(worker_user, "WORKER_USER", "nobody", SETTINGS_WORKER,
             "user the worker becomes when it was started as root")
SETTING_NUMBER(worker_slots, "WORKER_SLOTS", 4, 1, 1024, SETTINGS_WORKER, "jobs at once")
SETTING_NUMBER(worker_connections, "WORKER_CONNECTIONS", 4, 1, 64, SETTINGS_WORKER,
               "database connections shared by all slots")
SETTING_NUMBER(lease_ms, "LEASE_MS", 30000, 500, 600000, SETTINGS_WORKER,
               "lease of an attempt, on the database clock")
SETTING_NUMBER(heartbeat_ms, "HEARTBEAT_MS", 5000, 50, 60000, SETTINGS_WORKER,
               "how often leases are renewed; after three misses the worker kills its own runs")
SETTING_NUMBER(sweep_ms, "SWEEP_MS", 1000, 50, 60000, SETTINGS_WORKER,
               "how often PostgreSQL is swept for lost hints and ended deadlines; every 300 ms "
               "at most while Redis is away")
SETTING_NUMBER(drain_seconds, "DRAIN_SECONDS", 45, 0, 3600, SETTINGS_WORKER,
               "how long running jobs may finish after SIGTERM")
SETTING_NUMBER(local_off, "LOCAL_OFF", 0, 0, 1, SETTINGS_WORKER,
               "1 runs nothing on this machine, only at services")
SETTING_NUMBER(local_slots, "LOCAL_SLOTS", 32, 1, 1024, SETTINGS_WORKER,
               "jobs at once on this machine, however many slots there are")
SETTING_NUMBER(local_warm, "LOCAL_WARM", 2, 0, 16, SETTINGS_WORKER,
               "warm local sandboxes kept ready, each used once")
SETTING_NUMBER(local_require_cgroup, "LOCAL_REQUIRE_CGROUP", 0, 0, 1, SETTINGS_WORKER,
               "1 refuses local runs where memory and processes can not be limited by a cgroup")
SETTING_NUMBER(
    local_tmp_bytes, "LOCAL_TMP_BYTES", 64 * MIB, MIB, 4096 * MIB, SETTINGS_WORKER,
    "size of the work folder of a warm local sandbox: one of SANDBOX_TMP_BYTES runs warm")
SETTING_TEXT(local_python, "LOCAL_PYTHON", "/usr/bin/python3", SETTINGS_WORKER,
             "interpreter of local runs")
SETTING_NUMBER(local_slot_uid, "LOCAL_SLOT_UID", 64100, 1000, 4000000000, SETTINGS_WORKER,
               "first of the user ids that local sandboxes run as when started as root")
SETTING_NUMBER(
    preflight_seconds, "PREFLIGHT_SECONDS", 600, 1, 86400, SETTINGS_WORKER,
    "how often the local sandbox is probed, and each service asked whether it takes our key")

/* The operator's command */
SETTING_TEXT(data_dir, "DATA_DIR", ".data", SETTINGS_ADMIN,
             "folder of the private stack: database, Redis, secrets, logs")
SETTING_SECRET(api_db_password, "API_DB_PASSWORD", SETTINGS_ADMIN,
               "password that migrate gives to countersign_api")
SETTING_SECRET(worker_db_password, "WORKER_DB_PASSWORD", SETTINGS_ADMIN,
               "password that migrate gives to countersign_worker")
SETTING_SECRET(operator_db_password, "OPERATOR_DB_PASSWORD", SETTINGS_ADMIN,
               "password that migrate gives to countersign_operator")
SETTING_SECRET(auditor_db_password, "AUDITOR_DB_PASSWORD", SETTINGS_ADMIN,
               "password that migrate gives to countersign_auditor")
SETTING_SECRET(sealer_db_password, "SEALER_DB_PASSWORD", SETTINGS_ADMIN,
               "password that migrate gives to countersign_sealer")
SETTING_SECRET(verifier_db_password, "VERIFIER_DB_PASSWORD", SETTINGS_ADMIN,
               "password that migrate gives to countersign_verifier")

#undef EVERY
#undef MIB
