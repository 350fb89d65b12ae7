#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "admin/command.h"
#include "common/base/bytes.h"
#include "common/base/crypto.h"
#include "common/base/log.h"
#include "common/base/settings.h"

#ifndef COUNTERSIGN_VERSION
#define COUNTERSIGN_VERSION "0.1.0"
#endif

static bool run_settings(struct words *words, int *ret_status, struct error *err)
{
    (void)words;
    (void)err;
    settings_print_example(stdout);
    *ret_status = 0;
    return true;
}

static bool run_version(struct words *words, int *ret_status, struct error *err)
{
    (void)words;
    (void)err;
    printf("countersign %s\n", COUNTERSIGN_VERSION);
    *ret_status = 0;
    return true;
}

const struct command commands_plain[] = {
    {"settings", "", "every setting with its default, as .env.example has them", run_settings, {0}},
    {"version", "", "which version this is", run_version, {0}},
    {0},
};

static const struct command *const tables[] = {
    commands_migrate, commands_people,  commands_tokens,     commands_stack,       commands_pause,
    commands_quorum,  commands_budgets, commands_policy,     commands_break_glass, commands_health,
    commands_keys,    commands_audit,   commands_audit_drop, commands_audit_query, commands_plain};

/* How many words of the line the command's name is; 0 when it is another one. */
static int name_words(const struct command *command, int argc, char **argv)
{
    const char *space = strchr(command->name, ' ');
    size_t first = space ? (size_t)(space - command->name) : strlen(command->name);
    if (argc < 2 || strlen(argv[1]) != first || strncmp(argv[1], command->name, first) != 0)
        return 0;
    if (!space)
        return 1;
    return argc > 2 && strcmp(argv[2], space + 1) == 0 ? 2 : 0;
}

static const struct command *find(int argc, char **argv, int *ret_words)
{
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        for (const struct command *command = tables[i]; command->name; command++)
            if ((*ret_words = name_words(command, argc, argv)) > 0)
                return command;
    return NULL;
}

/* All commands, or those whose name starts with the word. */
static void print_commands(FILE *out, const char *word)
{
    fprintf(out, "countersign COMMAND [OPTION …]; COMMAND --help says more\n"
                 "exit: 0 done, 1 failed, 64 wrong usage, 74 output that can not be written\n\n");
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        for (const struct command *command = tables[i]; command->name; command++)
            if (!word || strncmp(command->name, word, strlen(word)) == 0)
                fprintf(out, "  %-15s %s\n", command->name, command->says);
}

static void print_help(const struct command *command)
{
    printf("countersign %s%s%s%s\n\n%s\n", command->name, command->usage[0] ? " " : "",
           command->usage, command->options.count ? " [OPTION …]" : "", command->says);
    options_print(&command->options, stdout);
    printf("\n");
    settings_print_help(SETTINGS_ADMIN, stdout);
}

static bool asks_for_help(const struct words *words)
{
    for (int i = 0; i < words->count && strcmp(words->list[i], "--") != 0; i++)
        if (strcmp(words->list[i], "--help") == 0 || strcmp(words->list[i], "-h") == 0)
            return true;
    return false;
}

/* The status of a command, unless what it printed went nowhere: it may be shown only once.
 * Statuses from 64 on say that the command itself did not come to its end, in the words of
 * sysexits.h: a command gives those below their meaning, as `audit verify` does. */
static int end_with(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "countersign: what was to be printed could not be written\n");
    return status ? status : EX_IOERR;
}

int main(int argc, char **argv)
{
    int skipped = 0;
    int status = 1;
    struct error err = {0};
    log_open("countersign", LOG_WARN);
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_commands(argc < 2 ? stderr : stdout, NULL);
        return end_with(argc < 2 ? EX_USAGE : 0);
    }
    const struct command *command = find(argc, argv, &skipped);
    if (!command) {
        bool help = argc > 2 && strcmp(argv[2], "--help") == 0;
        print_commands(help ? stdout : stderr, help ? argv[1] : NULL);
        return end_with(help ? 0 : EX_USAGE);
    }
    struct words words = {argc - 1 - skipped, argv + 1 + skipped};
    if (asks_for_help(&words)) {
        print_help(command);
        return end_with(0);
    }
    bool begun = crypto_init(&err);
    if (begun && options_take(&command->options, &words, &err) &&
        command->run(&words, &status, &err))
        return end_with(status);
    fprintf(stderr, "countersign: %s\n", err.text);
    return err.code == ERR_BAD_REQUEST ? EX_USAGE : begun ? 1 : EX_OSERR;
}
