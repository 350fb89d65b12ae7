#include "policy/sql_spelling.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/sql_token.h"

#define TOKENS_MAX 20000

struct spelling {
    char *text;
    struct token *tokens;
    size_t count;
};

static void read_tokens(struct spelling *spelling, size_t len)
{
    const char *text = spelling->text;
    for (size_t at = 0; at < len && spelling->count < TOKENS_MAX;) {
        size_t skipped = isspace((unsigned char)text[at]) ? 1 : sql_comment(text + at, len - at);
        at += skipped;
        if (skipped)
            continue;
        spelling->tokens[spelling->count] = sql_token(text, at, len - at);
        at += spelling->tokens[spelling->count++].len;
    }
}

static struct token token(const struct spelling *spelling, size_t place)
{
    return place < spelling->count ? spelling->tokens[place] : (struct token){TOKEN_NONE, 0, 0};
}

static bool is_word(const struct spelling *spelling, size_t place, const char *word)
{
    struct token of = token(spelling, place);
    return of.kind == TOKEN_WORD && of.len == strlen(word) &&
           strncasecmp(spelling->text + of.at, word, of.len) == 0;
}

static bool is_one_of(const struct spelling *spelling, size_t place, const char *const *words,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_word(spelling, place, words[i]))
            return true;
    return false;
}

static bool is_sign(const struct spelling *spelling, size_t place, char sign)
{
    struct token of = token(spelling, place);
    return of.kind == TOKEN_SIGN && spelling->text[of.at] == sign;
}

static bool is_value(const struct spelling *spelling, size_t place)
{
    return (token(spelling, place).kind != TOKEN_NONE &&
            token(spelling, place).kind != TOKEN_SIGN) ||
           is_sign(spelling, place, ')');
}

/* A word in place of a token that is no shorter; what is left of that is blank. */
static void put(struct spelling *spelling, size_t place, const char *word)
{
    struct token of = token(spelling, place);
    memset(spelling->text + of.at, ' ', of.len);
    memcpy(spelling->text + of.at, word, strlen(word) < of.len ? strlen(word) : of.len);
}

static void quote(struct spelling *spelling, size_t place)
{
    struct token of = token(spelling, place);
    char *text = spelling->text + of.at;
    if (of.len > 2 && !memchr(text + 1, '"', of.len - 2))
        text[0] = text[of.len - 1] = '"';
}

/* x GLOB y */
static void change_match(struct spelling *spelling, size_t place)
{
    if (place && is_value(spelling, place - 1) && !is_sign(spelling, place + 1, '('))
        put(spelling, place, "LIKE");
}

/* time(x) and char(x) are functions; to PostgreSQL these words are types. */
static void change_call(struct spelling *spelling, size_t place)
{
    bool type = place && (is_word(spelling, place - 1, "as") || is_sign(spelling, place - 1, ':'));
    if (is_sign(spelling, place + 1, '(') && !type)
        put(spelling, place, is_word(spelling, place, "time") ? "date" : "text");
}

/* LIMIT 5, 10 */
static void change_limit(struct spelling *spelling, size_t place)
{
    if (is_sign(spelling, place + 2, ','))
        put(spelling, place + 2, "+");
}

/* x AS 'name' */
static void change_as(struct spelling *spelling, size_t place)
{
    if (token(spelling, place + 1).kind == TOKEN_TEXT)
        quote(spelling, place + 1);
}

/* x IS 1, x IS NOT y */
static void change_is(struct spelling *spelling, size_t place)
{
    static const char *const known[] = {"null",     "true", "false",      "unknown", "distinct",
                                        "document", "json", "normalized", "nfc",     "not"};
    bool not = is_word(spelling, place + 1, "not");
    if (is_one_of(spelling, place + 1 + not, known, COUNT_OF(known)))
        return;
    put(spelling, place, not ? "<>" : "=");
    if (not )
        put(spelling, place + 1, "");
}

/* x NOT NULL, NOT INDEXED */
static void change_not(struct spelling *spelling, size_t place)
{
    if (is_word(spelling, place + 1, "indexed")) {
        put(spelling, place, "");
        put(spelling, place + 1, "");
    }
    if (!place || !is_value(spelling, place - 1) || is_word(spelling, place - 1, "is") ||
        !is_word(spelling, place + 1, "null"))
        return;
    put(spelling, place + 1, "");
    memcpy(spelling->text + token(spelling, place).at, "NOTNULL", 7);
}

static void change_indexed(struct spelling *spelling, size_t place)
{
    for (size_t i = 0; i < 3 && is_word(spelling, place + 1, "by"); i++)
        put(spelling, place + i, "");
}

static void change_explain(struct spelling *spelling, size_t place)
{
    if (!is_word(spelling, place + 1, "query") || !is_word(spelling, place + 2, "plan"))
        return;
    put(spelling, place + 1, "");
    put(spelling, place + 2, "");
}

/* SELECT TOP 10 x */
static void change_top(struct spelling *spelling, size_t place)
{
    bool first = place && (is_word(spelling, place - 1, "select") ||
                           is_word(spelling, place - 1, "distinct"));
    if (!first || token(spelling, place + 1).kind != TOKEN_NUMBER)
        return;
    put(spelling, place, "");
    put(spelling, place + 1, "");
}

/* INTERVAL 7 DAY */
static void change_interval(struct spelling *spelling, size_t place)
{
    struct token of = token(spelling, place + 1), unit = token(spelling, place + 2);
    char *text = spelling->text;
    if (of.kind != TOKEN_NUMBER || unit.kind != TOKEN_WORD || text[of.at - 1] != ' ' ||
        text[of.at + of.len] != ' ')
        return;
    text[of.at - 1] = text[of.at + of.len] = '\'';
    if (is_word(spelling, place + 2, "week") || is_word(spelling, place + 2, "quarter"))
        put(spelling, place + 2, "DAY");
}

/* group_concat(x SEPARATOR ',') */
static void change_separator(struct spelling *spelling, size_t place)
{
    if (token(spelling, place + 1).kind != TOKEN_TEXT)
        return;
    put(spelling, place, "");
    put(spelling, place + 1, "");
}

static void change_qualify(struct spelling *spelling, size_t place)
{
    put(spelling, place, "HAVING");
}

/* SELECT * EXCLUDE (a, b) */
static void change_exclude(struct spelling *spelling, size_t place)
{
    size_t end = place + 2;
    if (!place || !is_sign(spelling, place - 1, '*') || !is_sign(spelling, place + 1, '('))
        return;
    while (token(spelling, end).kind == TOKEN_WORD || token(spelling, end).kind == TOKEN_NAME ||
           is_sign(spelling, end, ','))
        end++;
    for (size_t i = place; i <= end && is_sign(spelling, end, ')'); i++)
        put(spelling, i, "");
}

/* GROUP BY ALL */
static void change_all(struct spelling *spelling, size_t place)
{
    if (place && is_word(spelling, place - 1, "by"))
        put(spelling, place, "1");
}

/* INSERT OR IGNORE INTO x */
static void change_or(struct spelling *spelling, size_t place)
{
    static const char *const ways[] = {"replace", "ignore", "abort", "fail", "rollback"};
    bool writes =
        place && (is_word(spelling, place - 1, "insert") || is_word(spelling, place - 1, "update"));
    if (!writes || !is_one_of(spelling, place + 1, ways, COUNT_OF(ways)))
        return;
    put(spelling, place, "");
    put(spelling, place + 1, "");
}

static void change_replace(struct spelling *spelling, size_t place)
{
    if (is_word(spelling, place + 1, "into"))
        put(spelling, place, "INSERT");
}

static void change_div(struct spelling *spelling, size_t place)
{
    if (place && is_value(spelling, place - 1) && is_value(spelling, place + 1))
        put(spelling, place, "/");
}

/* FROM a JOIN b WHERE …: a join that names nothing is a comma. */
static void change_join(struct spelling *spelling, size_t place)
{
    static const char *const stops[] = {"where", "group", "order",     "having", "limit",
                                        "join",  "union", "except",    "window", "natural",
                                        "left",  "cross", "intersect", "inner"};
    static const char *const joined[] = {"on", "using"}, *const whole[] = {"cross", "natural"};
    size_t end = place + 1, depth = 0;
    if (!place || is_one_of(spelling, place - 1, whole, COUNT_OF(whole)))
        return;
    for (; token(spelling, end).kind != TOKEN_NONE; end++) {
        if (depth == 0 && is_one_of(spelling, end, joined, COUNT_OF(joined)))
            return;
        if (depth == 0 &&
            (is_one_of(spelling, end, stops, COUNT_OF(stops)) || is_sign(spelling, end, ')') ||
             is_sign(spelling, end, ',') || is_sign(spelling, end, ';')))
            break;
        depth = depth + is_sign(spelling, end, '(') - is_sign(spelling, end, ')');
    }
    put(spelling, place, ",");
    if (is_word(spelling, place - 1, "inner"))
        put(spelling, place - 1, "");
}

static void change_word(struct spelling *spelling, size_t place)
{
    static const struct {
        const char *word;
        void (*change)(struct spelling *spelling, size_t place);
    } changes[] = {
        {"glob", change_match},
        {"match", change_match},
        {"regexp", change_match},
        {"rlike", change_match},
        {"time", change_call},
        {"char", change_call},
        {"limit", change_limit},
        {"as", change_as},
        {"is", change_is},
        {"not", change_not},
        {"indexed", change_indexed},
        {"explain", change_explain},
        {"top", change_top},
        {"interval", change_interval},
        {"separator", change_separator},
        {"qualify", change_qualify},
        {"exclude", change_exclude},
        {"except", change_exclude},
        {"all", change_all},
        {"or", change_or},
        {"replace", change_replace},
        {"div", change_div},
        {"join", change_join},
    };
    for (size_t i = 0; i < COUNT_OF(changes); i++)
        if (is_word(spelling, place, changes[i].word)) {
            changes[i].change(spelling, place);
            return;
        }
}

/* 0x1F as a number that is no smaller */
static void change_number(struct spelling *spelling, size_t place)
{
    struct token of = token(spelling, place);
    if (of.len > 2 && tolower((unsigned char)spelling->text[of.at + 1]) == 'x')
        memset(spelling->text + of.at, '9', of.len);
}

static void change(struct spelling *spelling, size_t place)
{
    struct token of = token(spelling, place);
    if (of.kind == TOKEN_WORD)
        change_word(spelling, place);
    else if (of.kind == TOKEN_NUMBER)
        change_number(spelling, place);
    else if (of.kind == TOKEN_NAME)
        quote(spelling, place);
    else if (is_sign(spelling, place, '=') && is_sign(spelling, place + 1, '=') &&
             token(spelling, place + 1).at == of.at + 1)
        put(spelling, place + 1, "");
}

void sql_spelling_change(struct buffer *text)
{
    struct spelling spelling = {text->data, memory_new(TOKENS_MAX, sizeof(struct token)), 0};
    read_tokens(&spelling, text->len);
    for (size_t i = 0; i < spelling.count; i++)
        change(&spelling, i);
    free(spelling.tokens);
}
