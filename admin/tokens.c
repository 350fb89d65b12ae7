#include "admin/command.h"
const struct command commands_tokens[] = {{0}};
