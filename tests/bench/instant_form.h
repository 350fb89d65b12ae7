/* The parts of multipart/form-data. */
#pragma once

#include "common/base/bytes.h"

#define FORM_NAME 512

struct form_part {
    char name[64];
    char filename[FORM_NAME]; /* "" without */
    struct bytes data;
};

/* Where a body is read; {.body, .type} before the first part. */
struct form {
    struct bytes body;
    const char *type; /* of the request */
    size_t at;        /* behind the boundary before the next part */
    char mark[80];    /* the boundary with the end of a line before it */
};

/* False when the body is none or has no end. */
bool form_open(struct bytes body, const char *type, struct form *ret_form);
/* False after the last. */
bool form_next(struct form *form, struct form_part *ret_part);
