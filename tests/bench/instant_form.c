#include "tests/bench/instant_form.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BOUNDARY "boundary="

static const char *at_of(const struct form *form, size_t at)
{
    return (const char *)form->body.data + at;
}

static const char *find(const struct form *form, size_t from, const char *what)
{
    return memmem(at_of(form, from), form->body.len - from, what, strlen(what));
}

static bool read_boundary(const char *type, struct form *form)
{
    const char *at =
        type && strncasecmp(type, "multipart/", 10) == 0 ? strcasestr(type, BOUNDARY) : NULL;
    if (!at)
        return false;
    at += sizeof BOUNDARY - 1;
    at += *at == '"';
    size_t len = strcspn(at, "\";");
    if (len == 0 || len > 70)
        return false;
    snprintf(form->mark, sizeof form->mark, "\r\n--%.*s", (int)len, at);
    return true;
}

bool form_open(struct bytes body, const char *type, struct form *ret_form)
{
    struct form form = {.body = body};
    if (!read_boundary(type, &form) || body.len < 8)
        return false;
    const char *first = form.mark + 2;
    size_t len = strlen(first);
    char last[sizeof form.mark + 4];
    size_t size = (size_t)snprintf(last, sizeof last, "%s--", form.mark);
    size_t tail = body.len;
    tail -= memcmp(at_of(&form, tail - 2), "\r\n", 2) == 0 ? 2 : 0;
    if (tail < len + size || memcmp(body.data, first, len) != 0 ||
        memcmp(at_of(&form, tail - size), last, size) != 0)
        return false;
    form.at = len;
    *ret_form = form;
    return true;
}

/* Of `; word="value"` in the head of a part. */
static void read_word(struct bytes head, const char *word, char *ret_text, size_t size)
{
    char start[32];
    size_t len = (size_t)snprintf(start, sizeof start, "; %s=\"", word);
    const char *at = memmem(head.data, head.len, start, len);
    size_t left = at ? head.len - len - (size_t)(at - (const char *)head.data) : 0;
    const char *end = at ? memchr(at + len, '"', left) : NULL;
    int count = end ? (int)(end - at) - (int)len : 0;
    snprintf(ret_text, size, "%.*s", count, at ? at + len : "");
}

bool form_next(struct form *form, struct form_part *ret_part)
{
    const char *head = at_of(form, form->at);
    if (form->body.len - form->at < 4 || memcmp(head, "\r\n", 2) != 0)
        return false;
    const char *split = find(form, form->at, "\r\n\r\n");
    const char *end = split ? find(form, (size_t)(split + 2 - at_of(form, 0)), form->mark) : NULL;
    if (!end)
        return false;
    const struct bytes words = {head, (size_t)(split - head)};
    read_word(words, "name", ret_part->name, sizeof ret_part->name);
    read_word(words, "filename", ret_part->filename, sizeof ret_part->filename);
    const char *data = split + 4;
    ret_part->data = (struct bytes){data, end > data ? (size_t)(end - data) : 0};
    form->at = (size_t)(end - at_of(form, 0)) + strlen(form->mark);
    return true;
}
