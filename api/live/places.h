/* How many streams and long polls each person holds open. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct places;

struct places *places_new(int64_t most_per_person);
void places_free(struct places *places);

bool places_take(struct places *places, int64_t person_id); /* false: all are taken */
void places_give(struct places *places, int64_t person_id);
