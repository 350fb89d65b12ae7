/* Proves: T21 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/io/http.h"
#include "tests/unit/cmocka_all.h"

#define FAR_MS 20000

/* A server of openssl's with a certificate of its own making. */
struct server {
    char folder[32];
    char cert[48], key[48];
    pid_t pid;
    int out, in; /* of the server */
    int port;
};

static pid_t start(char *const arguments[], int in, int out)
{
    pid_t pid;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int failed = posix_spawnp(&pid, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return failed ? -1 : pid;
}

static bool make_certificate(struct server *server, const char *name)
{
    char extension[64];
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), status = -1;
    snprintf(extension, sizeof extension, "subjectAltName=%s", name);
    char *const arguments[] = {"openssl",
                               "req",
                               "-x509",
                               "-newkey",
                               "ec",
                               "-pkeyopt",
                               "ec_paramgen_curve:prime256v1",
                               "-nodes",
                               "-keyout",
                               server->key,
                               "-out",
                               server->cert,
                               "-days",
                               "2",
                               "-subj",
                               "/CN=test",
                               "-addext",
                               extension,
                               NULL};
    pid_t pid = start(arguments, null, null);
    if (pid > 0)
        waitpid(pid, &status, 0);
    close(null);
    return status == 0;
}

/* It says "ACCEPT 127.0.0.1:PORT" when it listens. */
static int read_port(int fd)
{
    char text[256] = "";
    size_t len = 0;
    while (len < sizeof text - 1 && !(strchr(text, ':') && strchr(strchr(text, ':'), '\n'))) {
        ssize_t got = read(fd, text + len, sizeof text - 1 - len);
        if (got <= 0)
            return 0;
        len += (size_t)got;
        text[len] = '\0';
    }
    const char *colon = strchr(text, ':');
    return colon ? (int)strtol(colon + 1, NULL, 10) : 0;
}

static bool server_start(struct server *server, const char *name)
{
    int out[2], in[2];
    snprintf(server->folder, sizeof server->folder, "/tmp/countersign-tls-XXXXXX");
    if (!mkdtemp(server->folder))
        return false;
    snprintf(server->cert, sizeof server->cert, "%s/cert.pem", server->folder);
    snprintf(server->key, sizeof server->key, "%s/key.pem", server->folder);
    if (!make_certificate(server, name) || pipe2(out, O_CLOEXEC) || pipe2(in, O_CLOEXEC))
        return false;
    char *const arguments[] = {"openssl",    "s_server", "-accept",   "127.0.0.1:0", "-cert",
                               server->cert, "-key",     server->key, "-www",        NULL};
    server->pid = start(arguments, in[0], out[1]);
    close(in[0]);
    close(out[1]);
    server->in = in[1];
    server->out = out[0];
    server->port = read_port(server->out);
    return server->port > 0;
}

static void server_stop(struct server *server)
{
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    close(server->in);
    close(server->out);
    unlink(server->cert);
    unlink(server->key);
    rmdir(server->folder);
}

static void call(const struct server *server, bool known, struct http_answer *answer)
{
    char url[64];
    struct http *client = http_new(&(struct http_options){.ca_file = known ? server->cert : ""});
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", server->port);
    const struct http_request request = {
        .method = "GET", .url = url, .deadline_ms = clock_monotonic_ms() + FAR_MS};
    (void)!http_call(client, &request, answer);
    http_free(client);
}

static void test_only_the_right_name_of_a_known_authority(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool known;
        enum http_end end;
    } rows[] = {{"IP:127.0.0.1", true, HTTP_ANSWERED},
                {"IP:127.0.0.1", false, HTTP_NOT_SENT},
                {"IP:127.0.0.2", true, HTTP_NOT_SENT},
                {"DNS:localhost", true, HTTP_NOT_SENT}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct server server = {0};
        AUTO(http_answer) struct http_answer answer = {0};
        assert_true(server_start(&server, rows[i].name));
        call(&server, rows[i].known, &answer);
        server_stop(&server);
        if (answer.end != rows[i].end || answer.sent != (rows[i].end == HTTP_ANSWERED))
            fail_msg("row %zu: end %d, %s", i, answer.end, answer.text);
        assert_int_equal(answer.status, answer.sent ? 200 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_the_right_name_of_a_known_authority),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
