/* SQL in tokens as SQLite reads it, and where PostgreSQL reads it otherwise. */
#pragma once

#include "common/base/bytes.h"

enum token_kind { TOKEN_NONE, TOKEN_WORD, TOKEN_NUMBER, TOKEN_TEXT, TOKEN_NAME, TOKEN_SIGN };

struct token {
    enum token_kind kind;
    size_t at, len;
};

/* Of words and of names without quotes. */
bool sql_is_letter(char c);
/* A name that means the same in any quotes, and hides nothing. */
bool sql_is_plain_name(const char *text, size_t len);
/* How long a comment is that begins there; 0 when none does. */
size_t sql_comment(const char *text, size_t left);
/* The length of what is quoted, with both quotes; 0 when nothing closes it. A quote is written
 * twice to stand for itself. */
size_t sql_quoted(const char *text, size_t left, char close);
/* The token at a place, of which that many bytes are left, and which is no blank and no comment. */
struct token sql_token(const char *text, size_t at, size_t left);
/* Whether part of it is text or comment to PostgreSQL and code to SQLite, or the other way, and
 * both would run it. */
bool sql_is_double(struct bytes code);
