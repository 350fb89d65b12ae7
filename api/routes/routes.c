/* Every route there is: method, path, who may, what its body is, and its function. */
#include "api/routes/audit.h"
#include "api/routes/budget.h"
#include "api/routes/decision.h"
#include "api/routes/event.h"
#include "api/routes/fleet.h"
#include "api/routes/health.h"
#include "api/routes/login.h"
#include "api/routes/oidc.h"
#include "api/http/page.h"
#include "api/routes/password.h"
#include "api/routes/people.h"
#include "api/routes/request.h"
#include "api/routes/result.h"
#include "api/routes/retention.h"
#include "api/routes/second_factor.h"
#include "api/routes/session.h"

#define AUTHORS (ROLE_ANALYST | ROLE_AGENT | ROLE_REVIEWER | ROLE_ADMIN)
/* Who asks: reviewers and admins who want to do so have the role of an analyst, too. */
#define ASKERS (ROLE_ANALYST | ROLE_AGENT)
#define SMALL 16384 /* bytes of a body that is a few fields */
#define NOTES 65536
#define DECISIONS 262144 /* with the id of each finding */
#define BATCH_BYTES 8388608
#define OPEN ACCESS_ANYONE
#define LOGIN ACCESS_SIGNED_IN
#define SESSION ACCESS_SESSION
#define EARLY ACCESS_EARLY_SESSION

const struct route route_table[] = {
    {METHOD_GET, "/healthz", OPEN, 0, SCOPE_NONE, BODY_NONE, 0, NULL, route_healthz},
    {METHOD_GET, "/readyz", OPEN, 0, SCOPE_NONE, BODY_NONE, 0, NULL, route_readyz},
    {METHOD_GET, "/metrics", OPEN, 0, SCOPE_NONE, BODY_NONE, 0, NULL, route_metrics},
    {METHOD_GET, "/api/instance", OPEN, 0, SCOPE_NONE, BODY_NONE, 0, NULL, route_instance},
    {METHOD_POST, "/api/login", OPEN, 0, SCOPE_NONE, BODY_JSON, SMALL, NULL, route_login},
    {METHOD_POST, "/api/logout", EARLY, 0, SCOPE_NONE, BODY_JSON, SMALL, NULL, route_logout},
    {METHOD_POST, "/api/password", EARLY, 0, SCOPE_NONE, BODY_JSON, SMALL, NULL,
     route_password_set},
    {METHOD_POST, "/api/reauthenticate", EARLY, 0, SCOPE_NONE, BODY_JSON, SMALL, NULL,
     route_reauthenticate},
    {METHOD_GET, "/api/second-factor", EARLY, 0, SCOPE_NONE, BODY_NONE, 0, NULL, route_factor_get},
    {METHOD_POST, "/api/second-factor", EARLY, 0, SCOPE_NONE, BODY_JSON, SMALL, NULL,
     route_factor_begin},
    {METHOD_POST, "/api/second-factor/confirm", EARLY, 0, SCOPE_NONE, BODY_JSON, SMALL, NULL,
     route_factor_confirm},
    {METHOD_DELETE, "/api/second-factor", EARLY, 0, SCOPE_NONE, BODY_JSON, SMALL, NULL,
     route_factor_remove},
    {METHOD_POST, "/api/oidc/start", OPEN, 0, SCOPE_NONE, BODY_JSON, SMALL, NULL, route_oidc_start},
    {METHOD_POST, "/api/oidc/finish", OPEN, 0, SCOPE_NONE, BODY_JSON, SMALL, NULL,
     route_oidc_finish},
    {METHOD_GET, "/api/me", ACCESS_EARLY, 0, SCOPE_READ, BODY_NONE, 0, NULL, route_me},

    {METHOD_POST, "/api/requests", LOGIN, ASKERS, SCOPE_SUBMIT, BODY_JSON, 0, NULL, route_submit},
    {METHOD_POST, "/api/requests:batch", LOGIN, ASKERS, SCOPE_SUBMIT, BODY_JSON, BATCH_BYTES, NULL,
     route_submit_batch},
    {METHOD_GET, "/api/requests", LOGIN, 0, SCOPE_READ, BODY_NONE, 0, "view state q cursor limit",
     route_request_list},
    {METHOD_GET, "/api/requests/{id}", LOGIN, 0, SCOPE_READ, BODY_NONE, 0, "wait until",
     route_request_get},
    {METHOD_GET, "/api/requests/{id}/revisions/{id}", LOGIN, 0, SCOPE_READ, BODY_NONE, 0, NULL,
     route_revision_get},
    {METHOD_POST, "/api/requests/{id}/revisions", LOGIN, AUTHORS, SCOPE_SUBMIT, BODY_JSON, 0, NULL,
     route_revise},
    {METHOD_POST, "/api/requests/{id}/decisions", LOGIN, ROLE_REVIEWER, SCOPE_DECIDE, BODY_JSON,
     DECISIONS, NULL, route_decide},
    {METHOD_POST, "/api/requests/{id}/break-glass", SESSION, ROLE_ADMIN, SCOPE_NONE, BODY_JSON,
     DECISIONS, NULL, route_break_glass},
    {METHOD_POST, "/api/requests/{id}/undo", LOGIN, ROLE_REVIEWER | ROLE_ADMIN, SCOPE_DECIDE,
     BODY_JSON, SMALL, NULL, route_undo},
    {METHOD_POST, "/api/requests/{id}/cancel", LOGIN, AUTHORS, SCOPE_SUBMIT, BODY_JSON, NOTES, NULL,
     route_cancel},
    {METHOD_POST, "/api/requests/{id}/settle", LOGIN, ROLE_REVIEWER | ROLE_ADMIN, SCOPE_DECIDE,
     BODY_JSON, NOTES, NULL, route_settle},
    {METHOD_POST, "/api/requests/{id}/run-again", LOGIN, ASKERS, SCOPE_SUBMIT, BODY_JSON, SMALL,
     NULL, route_run_again},
    {METHOD_GET, "/api/requests/{id}/events", LOGIN, 0, SCOPE_READ, BODY_NONE, 0, NULL,
     route_request_events},
    {METHOD_GET, "/api/requests/{id}/output", LOGIN, 0, SCOPE_READ, BODY_NONE, 0, NULL,
     route_request_output},
    {METHOD_GET, "/api/events", LOGIN, 0, SCOPE_READ, BODY_NONE, 0, NULL, route_events},
    {METHOD_GET, "/api/requests/{id}/results/{id}", LOGIN, 0, SCOPE_READ, BODY_NONE, 0,
     "attempt format", route_result},
    {METHOD_POST, "/api/files", LOGIN, AUTHORS, SCOPE_SUBMIT, BODY_UPLOAD, 0, "name", NULL},
    {METHOD_GET, "/api/files/{id}", LOGIN, 0, SCOPE_READ, BODY_NONE, 0, NULL, route_file},

    {METHOD_GET, "/api/workers", LOGIN, 0, SCOPE_READ, BODY_NONE, 0, NULL, route_workers},
    {METHOD_POST, "/api/pauses", LOGIN, ROLE_ADMIN, SCOPE_ADMIN, BODY_JSON, SMALL, NULL,
     route_pause_set},
    {METHOD_DELETE, "/api/pauses", LOGIN, ROLE_ADMIN, SCOPE_ADMIN, BODY_JSON, SMALL, NULL,
     route_pause_clear},
    {METHOD_GET, "/api/budgets", LOGIN, 0, SCOPE_READ, BODY_NONE, 0, NULL, route_budgets},
    {METHOD_PUT, "/api/budgets/{scope}", LOGIN, ROLE_ADMIN, SCOPE_ADMIN, BODY_JSON, SMALL, NULL,
     route_budget_set},
    {METHOD_DELETE, "/api/budgets/{scope}", LOGIN, ROLE_ADMIN, SCOPE_ADMIN, BODY_NONE, 0, NULL,
     route_budget_end},
    {METHOD_GET, "/api/audit", LOGIN, ROLE_REVIEWER | ROLE_ADMIN, SCOPE_READ, BODY_NONE, 0,
     "request_id", route_request_audit},
    {METHOD_GET, "/api/audit/questions", LOGIN, ROLE_ADMIN, SCOPE_ADMIN, BODY_NONE, 0, NULL,
     route_audit_questions},
    {METHOD_GET, "/api/audit/head", LOGIN, ROLE_ADMIN, SCOPE_ADMIN, BODY_NONE, 0, NULL,
     route_audit_head},
    {METHOD_POST, "/api/audit/query", LOGIN, ROLE_ADMIN, SCOPE_ADMIN, BODY_JSON, NOTES, "format",
     route_audit_query},
    {METHOD_GET, "/api/audit/retention", LOGIN, ROLE_ADMIN, SCOPE_ADMIN, BODY_NONE, 0, NULL,
     route_retention_list},
    {METHOD_POST, "/api/audit/retention", SESSION, ROLE_ADMIN, SCOPE_NONE, BODY_JSON, SMALL, NULL,
     route_retention_propose},
    {METHOD_POST, "/api/audit/retention/{id}/agree", SESSION, ROLE_ADMIN, SCOPE_NONE, BODY_JSON,
     SMALL, NULL, route_retention_agree},
    {METHOD_POST, "/api/audit/retention/{id}/withdraw", SESSION, ROLE_ADMIN, SCOPE_NONE, BODY_JSON,
     SMALL, NULL, route_retention_withdraw},
    {METHOD_GET, "/api/people", LOGIN, ROLE_ADMIN, SCOPE_ADMIN, BODY_NONE, 0, NULL, route_people},
    {METHOD_POST, "/api/people", SESSION, ROLE_ADMIN, SCOPE_NONE, BODY_JSON, SMALL, NULL,
     route_person_create},
    {METHOD_PATCH, "/api/people/{id}", LOGIN, ROLE_ADMIN, SCOPE_ADMIN, BODY_JSON, SMALL, NULL,
     route_person_change},
    {METHOD_POST, "/api/people/{id}/identities", SESSION, ROLE_ADMIN, SCOPE_NONE, BODY_JSON, SMALL,
     NULL, route_identity_link},
    {METHOD_GET, "/api/teams", LOGIN, 0, SCOPE_READ, BODY_NONE, 0, NULL, route_teams},
    {METHOD_POST, "/api/teams", LOGIN, ROLE_ADMIN, SCOPE_ADMIN, BODY_JSON, SMALL, NULL,
     route_team_create},
    {METHOD_GET, "/api/tokens", SESSION, 0, SCOPE_NONE, BODY_NONE, 0, NULL, route_tokens},
    {METHOD_POST, "/api/tokens", SESSION, 0, SCOPE_NONE, BODY_JSON, SMALL, NULL,
     route_token_create},
    {METHOD_DELETE, "/api/tokens/{id}", SESSION, 0, SCOPE_NONE, BODY_NONE, 0, NULL,
     route_token_revoke},
    {METHOD_GET, "/api/sessions", EARLY, 0, SCOPE_NONE, BODY_NONE, 0, "person_id", route_sessions},
    {METHOD_DELETE, "/api/sessions", EARLY, 0, SCOPE_NONE, BODY_NONE, 0, "person_id",
     route_sessions_revoke},
    {METHOD_DELETE, "/api/sessions/{id}", EARLY, 0, SCOPE_NONE, BODY_NONE, 0, NULL,
     route_session_revoke},

    {METHOD_GET, "/", OPEN, 0, SCOPE_NONE, BODY_NONE, 0, "*", route_page},
    {METHOD_GET, "/sign-in", OPEN, 0, SCOPE_NONE, BODY_NONE, 0, "*", route_page},
    {METHOD_GET, "/ask", OPEN, 0, SCOPE_NONE, BODY_NONE, 0, "*", route_page},
    {METHOD_GET, "/review", OPEN, 0, SCOPE_NONE, BODY_NONE, 0, "*", route_page},
    {METHOD_GET, "/review/{id}", OPEN, 0, SCOPE_NONE, BODY_NONE, 0, "*", route_page},
    {METHOD_GET, "/requests", OPEN, 0, SCOPE_NONE, BODY_NONE, 0, "*", route_page},
    {METHOD_GET, "/requests/{id}", OPEN, 0, SCOPE_NONE, BODY_NONE, 0, "*", route_page},
    {METHOD_GET, "/people", OPEN, 0, SCOPE_NONE, BODY_NONE, 0, "*", route_page},
    {METHOD_GET, "/workers", OPEN, 0, SCOPE_NONE, BODY_NONE, 0, "*", route_page},
    {METHOD_GET, "/audit", OPEN, 0, SCOPE_NONE, BODY_NONE, 0, "*", route_page},
    {METHOD_GET, "/account", OPEN, 0, SCOPE_NONE, BODY_NONE, 0, "*", route_page},
    {METHOD_GET, "/assets/*", OPEN, 0, SCOPE_NONE, BODY_NONE, 0, NULL, route_asset},
    {METHOD_GET, "/favicon.ico", OPEN, 0, SCOPE_NONE, BODY_NONE, 0, NULL, route_asset},
};
const size_t route_count = COUNT_OF(route_table);
