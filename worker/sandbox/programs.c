#include "worker/sandbox/programs.h"

/* The assembler puts the files' bytes between two labels each. The Makefile
 * builds in the top folder, which these names are relative to. */
#define EMBED(label, file)                                                                         \
    __asm__(".pushsection .rodata\n" #label ":\n.incbin \"" file "\"\n" #label                     \
            "_end:\n.byte 0\n.popsection\n");                                                      \
    extern const char label[], label##_end[]

EMBED(bootstrap_text, "worker/sandbox/bootstrap.py");
EMBED(show_text, "worker/sandbox/show.py");
EMBED(sql_text, "worker/sandbox/sql.py");
EMBED(remote_text, "worker/sandbox/remote.py");
EMBED(probe_text, "worker/sandbox/local/probe.py");

struct bytes program_part(int number)
{
    const char *const starts[] = {bootstrap_text, show_text, sql_text, remote_text};
    const char *const ends[] = {bootstrap_text_end, show_text_end, sql_text_end, remote_text_end};
    return (struct bytes){starts[number], (size_t)(ends[number] - starts[number])};
}

struct bytes program_probe(void)
{
    return (struct bytes){probe_text, (size_t)(probe_text_end - probe_text)};
}
