/* Proves: T6 */
#include <string.h>

#include "common/domain/bundle.h"
#include "tests/unit/cmocka_all.h"

static const struct bundle_file two_files[] = {{{1, 2, 3}, "a.csv"}, {{4, 5, 6}, "b.csv"}};

static struct bundle sample(struct bundle_file files[2])
{
    memcpy(files, two_files, sizeof two_files);
    return (struct bundle){
        .request_id = 1287,
        .revision = 2,
        .language = "python",
        .code = {"print(1)\n", 9},
        .files = files,
        .file_count = 2,
        .target = "",
        .sandbox = "local",
        .image = "system-python3",
        .network = "none",
        .limits = {30000, 1073741824, 64, 1048576, 8, 8388608, 120000, 67108864},
        .retry_safe = false,
        .policy_version = 0,
        .verdict_sha256 = "",
        .approval_ms = 86400000,
        .terms = {7, "namespaces", "a1", 1},
    };
}

static void test_encoding_is_length_prefixed(void **state)
{
    (void)state;
    struct bundle_file files[2];
    struct bundle bundle = sample(files);
    bundle.file_count = 0;
    AUTO(buffer) struct buffer bytes = {0};
    bundle_encode(&bundle, &bytes);
    static const char *const fields[] = {
        "countersign-bundle-v2",
        "1287",
        "2",
        "python",
        "print(1)\n",
        "0",
        "",
        "local",
        "system-python3",
        "none",
        "30000",
        "1073741824",
        "64",
        "1048576",
        "8",
        "8388608",
        "0",
        "0",
        "",
        "86400000",
        "7",
        "namespaces",
        "a1",
        "120000",
        "67108864",
        "1",
    };
    AUTO(buffer) struct buffer expected = {0};
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        const uint8_t length[4] = {0, 0, 0, (uint8_t)strlen(fields[i])};
        buffer_add(&expected, length, sizeof length);
        buffer_add_text(&expected, fields[i]);
    }
    assert_int_equal(bytes.len, expected.len);
    assert_memory_equal(bytes.data, expected.data, expected.len);
}

/* tests/sql/bundle.sql holds SQL to the same digest of the same bundle. */
static void test_digest_is_the_one_sql_makes(void **state)
{
    (void)state;
    struct bundle_file files[2];
    struct bundle bundle = sample(files);
    uint8_t digest[SHA256_SIZE];
    char hex[SHA256_HEX];
    bundle_digest(&bundle, digest);
    hex_encode(digest, SHA256_SIZE, hex);
    assert_string_equal(hex, "3fe799b7fb73853f5b70eb461941a37ab0f1e5eb341f6c8d74705a744e6b6d6e");
    bundle.is_first = true; /* as stored by earlier releases: what came later is not in it */
    bundle_digest(&bundle, digest);
    hex_encode(digest, SHA256_SIZE, hex);
    assert_string_equal(hex, "638e8c675ed95de3b5021f87c6090042aac3d1d0b593de31a7aaf0b30f9cad1a");
}

typedef void change_fn(struct bundle *bundle, struct bundle_file *files);

#define CHANGE(name, what)                                                                         \
    static void change_##name(struct bundle *bundle, struct bundle_file *files)                    \
    {                                                                                              \
        (void)files;                                                                               \
        (void)bundle;                                                                              \
        what;                                                                                      \
    }
CHANGE(request, bundle->request_id++)
CHANGE(revision, bundle->revision++)
CHANGE(language, bundle->language = "sql")
CHANGE(code, bundle->code = bytes_of("print(2)\n"))
CHANGE(code_end, bundle->code.len--)
CHANGE(file_count, bundle->file_count--)
CHANGE(file_digest, files[1].sha256[31] ^= 1)
CHANGE(file_name, files[1].name = "c.csv")
CHANGE(target, bundle->target = "x")
CHANGE(sandbox, bundle->sandbox = "e2b")
CHANGE(image, bundle->image = "other")
CHANGE(network, bundle->network = "all")
CHANGE(wall, bundle->limits.wall_ms++)
CHANGE(memory, bundle->limits.memory_bytes++)
CHANGE(pids, bundle->limits.pids++)
CHANGE(output, bundle->limits.output_bytes++)
CHANGE(item_count, bundle->limits.files++)
CHANGE(item_size, bundle->limits.file_bytes++)
CHANGE(retry_safe, bundle->retry_safe = true)
CHANGE(policy, bundle->policy_version++)
CHANGE(verdict, bundle->verdict_sha256 = "00")
CHANGE(validity, bundle->approval_ms++)
CHANGE(form, bundle->is_first = true)
CHANGE(team, bundle->terms.team_id++)
CHANGE(isolation, bundle->terms.isolation = "vm")
CHANGE(image_digest, bundle->terms.image_digest = "a2")
CHANGE(cpu, bundle->limits.cpu_ms++)
CHANGE(disk, bundle->limits.tmp_bytes++)
CHANGE(attempts, bundle->terms.max_attempts++)
/* Text that moves from one field to its neighbour. */
CHANGE(neighbours, bundle->sandbox = "localsystem"; bundle->image = "-python3")

static change_fn *const changes[] = {
    change_request,    change_revision,     change_language,   change_code,       change_code_end,
    change_file_count, change_file_digest,  change_file_name,  change_target,     change_sandbox,
    change_image,      change_network,      change_wall,       change_memory,     change_pids,
    change_output,     change_item_count,   change_item_size,  change_retry_safe, change_policy,
    change_verdict,    change_validity,     change_neighbours, change_form,       change_team,
    change_isolation,  change_image_digest, change_cpu,        change_disk,       change_attempts,
};

static void test_every_field_is_bound(void **state)
{
    (void)state;
    uint8_t before[SHA256_SIZE], after[SHA256_SIZE];
    struct bundle_file files[2];
    struct bundle bundle = sample(files);
    bundle_digest(&bundle, before);
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        bundle = sample(files);
        changes[i](&bundle, files);
        bundle_digest(&bundle, after);
        if (memcmp(before, after, SHA256_SIZE) == 0)
            fail_msg("change %zu is not bound", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encoding_is_length_prefixed),
        cmocka_unit_test(test_digest_is_the_one_sql_makes),
        cmocka_unit_test(test_every_field_is_bound),
    };
    return cmocka_run_group_tests_name("bundle", tests, NULL, NULL);
}
