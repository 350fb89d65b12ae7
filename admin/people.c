#include "admin/command.h"
const struct command commands_people[] = {{0}};
