#include "worker/sandbox/remote.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "worker/sandbox/frame.h"
#include "worker/sandbox/programs.h"
#include "worker/sandbox/verdict.h"

#define FRAME_ROOM 16384 /* head, fields and digest of a frame */

static const char *const parts[PROGRAM_PARTS] = {"bootstrap.py", "show.py", "sql.py", "remote.py"};

static const char cell_text[] =
    "import codecs as _codecs, subprocess as _subprocess, sys as _sys, threading as _threading\n"
    "def _copy(source, to):\n"
    "    decode = _codecs.getincrementaldecoder('utf-8')('replace').decode\n"
    "    for part in iter(lambda: source.read1(65536), b''):\n"
    "        to.write(decode(part))\n"
    "        to.flush()\n"
    "    to.write(decode(b'', True))\n"
    "    to.flush()\n"
    "_run = _subprocess.Popen(['python3', '-P', '%s/bootstrap.py', 'remote', '%s'],\n"
    "                         stdin=_subprocess.DEVNULL, stdout=_subprocess.PIPE,\n"
    "                         stderr=_subprocess.PIPE, start_new_session=True)\n"
    "_threads = [_threading.Thread(target=_copy, args=pair) for pair in\n"
    "            ((_run.stdout, _sys.stdout), (_run.stderr, _sys.stderr))]\n"
    "[_thread.start() for _thread in _threads]\n"
    "[_thread.join() for _thread in _threads]\n"
    "if _run.wait():\n"
    "    import warnings as _warnings\n"
    "    _warnings.filterwarnings('ignore', 'To exit')\n" /* IPython's own, at each SystemExit */
    "    raise SystemExit(_run.returncode)\n";

static void digest_of(struct bytes data, char ret_hex[SHA256_HEX])
{
    uint8_t digest[SHA256_SIZE];
    sha256(data, digest);
    hex_encode(digest, sizeof digest, ret_hex);
}

static void add_manifest(const struct sandbox_job *job, struct buffer *ret_manifest)
{
    char hex[SHA256_HEX];
    digest_of(job->code, hex);
    buffer_printf(ret_manifest, "language %s\nattempt %" PRId64 "\nfence %" PRId64 "\n",
                  job->language, job->attempt_id, job->fence);
    buffer_printf(ret_manifest, "files %" PRId64 "\nfile_bytes %" PRId64 "\ncode %zu %s\n",
                  job->limits.files, job->limits.file_bytes, job->code.len, hex);
    for (size_t i = 0; i < job->file_count; i++) {
        hex_encode(job->files[i].sha256, SHA256_SIZE, hex);
        buffer_printf(ret_manifest, "file %" PRIu64 " %s %s\n", job->files[i].size, hex,
                      job->files[i].name);
    }
}

bool remote_start(struct remote *remote, const struct sandbox_job *job,
                  const struct remote_options *options, struct error *err)
{
    *remote = (struct remote){.job = job, .mark = options->mark};
    for (size_t i = 0; i < job->file_count; i++)
        if (!frame_name_plain(job->files[i].name))
            return fail(err, ERR_INVALID_FIELD, "input file %zu has no plain name", i + 1);
    int len = snprintf(remote->folder, sizeof remote->folder, "%s/countersign-%" PRId64 "-%" PRId64,
                       options->root, job->attempt_id, job->fence);
    if (len < 0 || (size_t)len >= sizeof remote->folder)
        return fail(err, ERR_INVALID_FIELD, "the path of the remote folder is too long");
    add_manifest(job, &remote->manifest);
    digest_of(buffer_bytes(&remote->manifest), remote->manifest_sha256);
    return true;
}

void remote_auto(struct remote *remote)
{
    buffer_auto(&remote->manifest);
}

size_t remote_file_count(const struct remote *remote)
{
    return PROGRAM_PARTS + 1 + remote->job->file_count;
}

static void set_file(const struct remote *remote, const char *name, struct bytes data,
                     struct remote_file *ret_file)
{
    *ret_file = (struct remote_file){.data = data, .fd = -1, .size = data.len};
    snprintf(ret_file->path, sizeof ret_file->path, "%s/%s", remote->folder, name);
}

void remote_file(const struct remote *remote, size_t number, struct remote_file *ret_file)
{
    if (number < PROGRAM_PARTS) {
        set_file(remote, parts[number], program_part((int)number), ret_file);
        return;
    }
    if (number == PROGRAM_PARTS) {
        set_file(remote, "manifest", buffer_bytes(&remote->manifest), ret_file);
        return;
    }
    size_t place = number - PROGRAM_PARTS - 1;
    const struct sandbox_file *input = &remote->job->files[place];
    *ret_file = (struct remote_file){.fd = input->fd, .size = input->size};
    snprintf(ret_file->path, sizeof ret_file->path, "%s/input-%zu", remote->folder, place);
}

void remote_code(const struct remote *remote, struct remote_file *ret_file)
{
    set_file(remote, "code", remote->job->code, ret_file);
}

void remote_results(const struct remote *remote, char ret_path[REMOTE_PATH])
{
    snprintf(ret_path, REMOTE_PATH, "%s/results.bin", remote->folder);
}

uint64_t remote_results_max(const struct sandbox_job *job)
{
    uint64_t files = (uint64_t)job->limits.files, each = (uint64_t)job->limits.file_bytes;
    return files * (each + FRAME_ROOM) + RESULTS_TEXTS * RESULTS_TEXT_LIMIT + FRAME_ROOM;
}

void remote_command(const struct remote *remote, int64_t seconds, struct buffer *ret_command)
{
    buffer_printf(ret_command, "timeout -s KILL %" PRId64 " python3 -P %s/bootstrap.py remote %s%s",
                  seconds, remote->folder, remote->manifest_sha256, remote->mark ? " mark" : "");
}

void remote_cell(const struct remote *remote, struct buffer *ret_cell)
{
    buffer_printf(ret_cell, cell_text, remote->folder, remote->manifest_sha256);
}

void remote_judge(const struct results *results, int exit_code, struct sandbox_result *ret_result)
{
    ret_result->exit_code = -1;
    if (results->state == RESULTS_ENDED)
        verdict_told(ret_result, &results->end);
    else if (results->state == RESULTS_BAD)
        verdict_set(ret_result, SANDBOX_FAILED, "bad_results");
    else
        verdict_silent(ret_result, exit_code);
}
