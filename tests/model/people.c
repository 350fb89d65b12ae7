#include "tests/model/people.h"

#include <string.h>

const struct cast cast_table[PEOPLE] = {
    [MIA] = {"mia", "[\"analyst\"]", 1, -1, -1},
    [MAX] = {"max", "[\"analyst\"]", 1, -1, -1},
    [NOOR] = {"noor", "[\"reviewer\"]", 1, -1, -1},
    [ANNA] = {"anna", "[\"reviewer\"]", 1, -1, -1},
    [BOTH] = {"both", "[\"analyst\",\"reviewer\"]", 1, -1, -1},
    [STRANGER] = {"stranger", "[\"reviewer\"]", 2, -1, -1},
    [OTHER] = {"other", "[\"analyst\"]", 2, -1, -1},
    [EVA] = {"eva", "[\"admin\",\"reviewer\"]", 1, -1, -1},
    [ROOT] = {"root", "[\"admin\"]", 2, -1, -1},
    [BOT] = {"bot", "[\"agent\"]", 1, BOTH, -1},
    [MADE] = {"made", "[\"analyst\",\"reviewer\"]", 1, -1, EVA},
    [MULTI] = {"multi", "[\"analyst\"]", 3, -1, -1},
    [LONER] = {"loner", "[\"analyst\"]", 0, -1, -1},
};

void people_set(struct world *world)
{
    for (int i = 0; i < PEOPLE; i++) {
        const struct cast *cast = &cast_table[i];
        struct person *p = &world->people[i];
        p->agent = strstr(cast->roles, "agent") != NULL;
        p->analyst = strstr(cast->roles, "analyst") != NULL;
        p->reviewer = strstr(cast->roles, "reviewer") != NULL;
        p->admin = strstr(cast->roles, "admin") != NULL;
        p->teams = cast->teams;
        p->owner = cast->owner;
        p->ties |= 1u << i;
        if (cast->maker >= 0) {
            p->ties |= 1u << cast->maker;
            world->people[cast->maker].ties |= 1u << i;
        }
    }
}

bool is_reviewer(const struct world *world, int who, int team)
{
    const struct person *p = &world->people[who];
    return !p->agent && !p->disabled && p->reviewer && (p->teams & (1u << team));
}

bool can_see(const struct world *world, int who, const struct request *r)
{
    const struct person *p = &world->people[who];
    return r->author == who || p->admin || (p->reviewer && (p->teams & (1u << r->team))) ||
           world->people[r->author].owner == who;
}

unsigned makers_of(const struct world *world, int who)
{
    const int owner = world->people[who].owner;
    return 1u << who | (owner >= 0 ? 1u << owner : 0);
}

bool is_own(const struct world *world, int who, const struct request *r)
{
    unsigned makers = r->makers;
    for (int i = r->again_of; i >= 0; i = world->requests[i].again_of)
        makers |= world->requests[i].makers;
    for (int i = 0; i < PEOPLE; i++)
        if (makers & (1u << i) && world->people[i].ties & (1u << who))
            return true;
    return false;
}

uint64_t draw(struct world *world)
{
    uint64_t z = world->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int below(struct world *world, int n)
{
    return (int)(draw(world) % (uint64_t)n);
}

bool chance(struct world *world, int percent)
{
    return below(world, 100) < percent;
}
