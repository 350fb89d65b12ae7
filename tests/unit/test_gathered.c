/* What was announced and not told yet. */
#include "tests/unit/cmocka_all.h"

#include <string.h>

#include "api/live/gathered.h"
#include "api/live/listener.h"

static struct gathered gathered;

static void add(const char *id, int64_t request_id)
{
    AUTO(json)
    json_t *event = json_pack("{s:I, s:I, s:n, s:I, s:s, s:s}", "id", (json_int_t)request_id,
                              "author_id", (json_int_t)2, "owner_id", "team_id", (json_int_t)3,
                              "state", "pending", "secret", "x");
    gathered_add(&gathered, id, event);
}

static void each_is_kept_with_who_may_hear_it(void **state)
{
    (void)state;
    assert_true(gathered_is_empty(&gathered));
    add("5-1", 7);
    add(NULL, 8);
    assert_int_equal(gathered.count, 2);
    assert_string_equal(gathered.events[0].block.data,
                        "id: 5-1\nevent: request\ndata: {\"id\":7,\"state\":\"pending\"}\n\n");
    assert_string_equal(gathered.events[1].block.data,
                        "event: request\ndata: {\"id\":8,\"state\":\"pending\"}\n\n");
    assert_int_equal(gathered.events[1].scope.request_id, 8);
    assert_int_equal(gathered.events[1].scope.author_id, 2);
    assert_int_equal(gathered.events[1].scope.owner_id, 0);
    assert_int_equal(gathered.events[1].scope.team_id, 3);
    gathered_clear(&gathered);
    assert_true(gathered_is_empty(&gathered));
}

static void numbers_go_on_and_more_than_fits_is_said(void **state)
{
    (void)state;
    int64_t before = gathered.ever;
    for (int i = 0; i < GATHERED_MAX; i++)
        add(NULL, i);
    assert_false(gathered.overrun);
    assert_int_equal(gathered.events[GATHERED_MAX - 1].number, before + GATHERED_MAX);
    add(NULL, 1);
    assert_true(gathered.overrun);
    gathered_clear(&gathered);
    assert_false(gathered.overrun);
    add(NULL, 1);
    assert_int_equal(gathered.events[0].number, before + GATHERED_MAX + 2);
    assert_string_equal(gathered.events[0].block.data,
                        "event: request\ndata: {\"id\":1,\"state\":\"pending\"}\n\n");
    gathered_free(&gathered);
}

/* What waits for a listener whose replay is not over. */
static const char *heard(struct listener *listener)
{
    listener->held.len = 0;
    buffer_add(&listener->held, "", 0);
    assert_true(listener_hear_gathered(listener, &gathered));
    return listener->held.len ? listener->held.data : "";
}

static void who_listens_hears_what_is_theirs_and_new(void **state)
{
    (void)state;
    struct listener author = {.replaying = true, .who = {.person_id = 2, .teams = "{}"}};
    struct listener stranger = {.replaying = true, .who = {.person_id = 9, .teams = "{}"}};
    struct listener of_one = {.replaying = true, .request_id = 8, .who = {.roles = ROLE_ADMIN}};
    gathered_clear(&gathered);
    add(NULL, 7);
    author.joined = gathered.ever;
    add(NULL, 8);
    add(NULL, 9);
    static const char eight[] = "event: request\ndata: {\"id\":8,\"state\":\"pending\"}\n\n";
    assert_string_equal(heard(&of_one), eight);
    assert_string_equal(heard(&stranger), "");
    assert_string_equal(heard(&author),
                        "event: request\ndata: {\"id\":8,\"state\":\"pending\"}\n\n"
                        "event: request\ndata: {\"id\":9,\"state\":\"pending\"}\n\n");
    buffer_auto(&author.held);
    buffer_auto(&stranger.held);
    buffer_auto(&of_one.held);
    gathered_free(&gathered);
}

static void more_at_once_than_a_page_follows_is_a_reset(void **state)
{
    (void)state;
    struct listener author = {.replaying = true, .who = {.person_id = 2, .teams = "{}"}};
    struct listener of_one = {.replaying = true, .request_id = 1, .who = {.roles = ROLE_ADMIN}};
    gathered_clear(&gathered);
    for (int i = 1; i <= LISTENER_EVENTS_MAX; i++)
        add(NULL, i);
    assert_non_null(strstr(heard(&author), "\"id\":64,"));
    add(NULL, LISTENER_EVENTS_MAX + 1);
    assert_string_equal(heard(&author), LISTENER_RESET);
    assert_non_null(strstr(heard(&of_one), "\"id\":1,"));
    for (int i = 0; i < GATHERED_MAX; i++)
        add(NULL, 100);
    assert_string_equal(heard(&of_one), LISTENER_RESET);
    buffer_auto(&author.held);
    buffer_auto(&of_one.held);
    gathered_free(&gathered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_kept_with_who_may_hear_it),
        cmocka_unit_test(numbers_go_on_and_more_than_fits_is_said),
        cmocka_unit_test(who_listens_hears_what_is_theirs_and_new),
        cmocka_unit_test(more_at_once_than_a_page_follows_is_a_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
