#include "api/routes/route_list.h"

#include "api/sign_in/identity.h"

static const char *const access_names[] = {
    [ACCESS_ANYONE] = "anyone",   [ACCESS_SIGNED_IN] = "signed_in",   [ACCESS_SESSION] = "session",
    [ACCESS_EARLY] = "signed_in", [ACCESS_EARLY_SESSION] = "session",
};

static const char *const body_names[] = {
    [BODY_NONE] = "none",
    [BODY_JSON] = "json",
    [BODY_UPLOAD] = "upload",
};

static json_t *route_json(const struct route *route)
{
    json_t *row = json_pack("{s:s, s:s, s:s, s:o, s:s}", "method", method_names[route->method],
                            "path", route->path, "access", access_names[route->access], "roles",
                            identity_role_list(route->roles), "body", body_names[route->body]);
    if (route->access == ACCESS_EARLY || route->access == ACCESS_EARLY_SESSION)
        json_object_set_new(row, "early", json_true());
    if (route->scope)
        json_object_set_new(row, "scope", json_string(identity_scope_name(route->scope)));
    if (route->body_limit)
        json_object_set_new(row, "body_limit", json_integer(route->body_limit));
    if (route->query)
        json_object_set_new(row, "query", json_string(route->query));
    return row;
}

void route_list_print(FILE *out)
{
    AUTO(json) json_t *routes = json_array();
    AUTO(json) json_t *errors = json_array();
    for (size_t i = 0; i < route_count; i++)
        json_array_append_new(routes, route_json(&route_table[i]));
    for (int i = ERR_NONE + 1; i < ERR_COUNT; i++)
        json_array_append_new(
            errors, json_pack("{s:s, s:i}", "code", error_name(i), "status", error_status(i)));
    AUTO(json) json_t *all = json_pack("{s:O, s:O}", "routes", routes, "errors", errors);
    AUTO(text) char *text = json_text(all);
    fprintf(out, "%s\n", text);
}
