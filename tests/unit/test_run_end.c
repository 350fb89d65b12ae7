/* What becomes of a run that has begun: its end is written down once, left to others, or unknown.
 */
#include "tests/unit/cmocka_all.h"

#include "common/base/bytes.h"
#include "tests/unit/support/run_scene.h"

static const struct run_scene scenes[] = {
    {.name = "it failed",
     .outcome = "F",
     .trace = "hash verify enter create hash start verify run works leave:worked destroy "
              "finish:failed,exit_code"},
    {.name = "it took too long",
     .outcome = "T",
     .trace = "hash verify enter create hash start verify run works leave:worked destroy "
              "finish:timed_out,wall_time"},
    {.name = "somebody stopped it",
     .outcome = "C",
     .stop = "000c",
     .trace = "hash verify enter create hash start verify run works leave:no_answer destroy "
              "finish:cancelled"},
    {.name = "it was cut without a word",
     .outcome = "C",
     .trace = "hash verify enter create hash start verify run works leave:no_answer destroy "
              "finish:unknown,output_lost"},
    {.name = "the worker had to go",
     .outcome = "C",
     .stop = "000d",
     .trace = "hash verify enter create hash start verify run works leave:no_answer destroy "
              "finish:unknown,worker_stopped"},
    {.name = "so it is left where it can be found",
     .outcome = "C",
     .stop = "000d",
     .service = true,
     .trace = "hash verify enter create hash start{} verify run works leave:no_answer "
              "finish:unknown,worker_stopped+ abandon"},
    {.name = "even when our database says no",
     .outcome = "C",
     .stop = "000d",
     .service = true,
     .finish = "x",
     .trace = "hash verify enter create hash start{} verify run works leave:no_answer "
              "finish:unknown,worker_stopped+ abandon"},
    {.name = "the service lost sight of it",
     .outcome = "U",
     .service = true,
     .trace = "hash verify enter create hash start{} verify run works leave:worked "
              "finish:unknown,service_lost+ abandon"},
    {.name = "and is to blame",
     .outcome = "V",
     .service = true,
     .trace =
         "hash verify enter create hash start{} verify run works leave:failed tell finish:unknown+ "
         "abandon"},
    {.name = "on this machine unknown is unknown",
     .outcome = "U",
     .trace = "hash verify enter create hash start verify run works leave:worked destroy "
              "finish:unknown,service_lost"},
    {.name = "a result is evidence without a lease, too",
     .outcome = "S",
     .lease = "yyyn",
     .trace = "hash verify enter create hash start verify run works leave:worked destroy "
              "finish:succeeded"},
    {.name = "an exit as well",
     .outcome = "F",
     .lease = "yyyn",
     .trace = "hash verify enter create hash start verify run works leave:worked destroy "
              "finish:failed,exit_code"},
    {.name = "what we killed is none",
     .outcome = "K",
     .lease = "yyyn",
     .trace = "hash verify enter create hash start verify run works leave:worked destroy"},
    {.name = "of a service another worker may tell",
     .outcome = "T",
     .lease = "yyyn",
     .service = true,
     .stop = "000l",
     .trace = "hash verify enter create hash start{} verify run works leave:worked abandon"},
    {.name = "output that is not all there makes it unknown",
     .output = "u",
     .trace = "hash verify enter create hash start verify run works leave:worked destroy "
              "finish:unknown,output_lost"},
    {.name = "an end is told until it is durable",
     .finish = "luy",
     .trace = "hash verify enter create hash start verify run works leave:worked destroy "
              "finish:succeeded wait "
              "finish:succeeded wait finish:succeeded"},
    {.name = "or refused",
     .finish = "x",
     .trace = "hash verify enter create hash start verify run works leave:worked destroy "
              "finish:succeeded"},
    {.name = "then at a service it may be another worker's",
     .finish = "x",
     .service = true,
     .trace = "hash verify enter create hash start{} verify run works leave:worked "
              "finish:succeeded abandon"},
    {.name = "or the worker must leave",
     .finish = "u",
     .leaves = true,
     .trace = "hash verify enter create hash start verify run works leave:worked destroy "
              "finish:succeeded"},
};

static void each_end_is_told_or_left_to_others(void **state)
{
    (void)state;
    run_scenes_play(scenes, COUNT_OF(scenes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_end_is_told_or_left_to_others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
