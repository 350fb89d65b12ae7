/* What the reader of Python follows: texts through lists, loops and calls, and databases that are
 * in memory alone. */
/* Proves: T16 */
#include "tests/unit/services.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/crypto.h"
#include "common/io/db.h"
#include "common/io/policy_child.h"
#include "statements.h"

static struct policy *policy;

static int open_all(void **state)
{
    (void)state;
    struct error err = {0};
    char own[2048] = "", program[4096];
    assert_true(readlink("/proc/self/exe", own, sizeof own - 1) > 0);
    *strrchr(own, '/') = '\0';
    snprintf(program, sizeof program, "%s/../countersign-policy", own);
    struct db *db = NULL;
    AUTO(rows) struct rows *rows = NULL;
    assert_true(crypto_init(&err) && db_open(TEST_DATABASE, "test", &db, &err));
    assert_true(sql_policy_rules(db, &rows, &err));
    policy = policy_new(&(struct policy_options){.program = program, .deadline_ms = 60000});
    assert_true(policy_set_rules(policy, bytes_of(rows_text(rows, 0, 0)), &err));
    db_close(db);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    policy_auto(&policy);
    return 0;
}

/* "level rule@line:column", of the first finding above note. */
static char *words_of(const json_t *verdict)
{
    AUTO(buffer) struct buffer words = {0};
    size_t i;
    json_t *finding;
    const char *level = json_text_of(verdict, "level");
    buffer_add_text(&words, level);
    json_array_foreach (json_object_get(verdict, "findings"), i, finding) {
        if (strcmp(json_text_of(finding, "level"), level) == 0)
            buffer_printf(&words, " %s@%d:%d", json_text_of(finding, "rule"),
                          (int)json_integer_of(finding, "line", 0),
                          (int)json_integer_of(finding, "column", 0));
    }
    return memory_text(words.data);
}

static const struct {
    const char *code, *words;
} judged[] = {
    /* Databases that are in memory alone. */
    {"import sqlite3\nc = sqlite3.connect(':memory:')\nc.execute('create table a (b int)')\n"
     "c.executemany('insert into a values (?)', [(1,)])\n",
     "note"},
    {"import sqlite3\nc = sqlite3.connect(':memory:')\nd = sqlite3.connect('x.db')\n"
     "d.execute('delete from a')\n",
     "high"},
    {"import sqlite3\nc = sqlite3.connect(':memory:')\nd = map(sqlite3.connect, ['x.db'])\n"
     "next(d).execute('delete from a')\n",
     "high"},
    {"import sqlite3\nc = sqlite3.connect(':memory:')\nspark.sql('delete from a')\n", "high"},
    {"import sqlite3\nc = sqlite3.connect(':memory:')\n"
     "c.execute(\"vacuum into 'a'\")\n",
     "medium"},
    {"import sqlite3\nc = sqlite3.connect(':memory:')\nc.execute(\"attach 'b' as b\")\n", "high"},
    /* Texts that reach a name through lists, dictionaries, loops and calls. */
    {"for k, v in {'a': 'mean'}.items():\n    getattr(y, v)\n", "medium"},
    {"d = {'a': 'mean', 'b': 'sum'}\nfor k, v in d.items():\n    getattr(y, v)\n", "none"},
    {"d = {'a': 'mean'}\nd['b'] = x\nfor v in d.values():\n    getattr(y, v)\n",
     "medium py.getattr@4:16"},
    {"d = ['mean']\nfor v in d:\n    getattr(y, v)\nd.append(x)\n", "medium py.getattr@3:16"},
    {"d = ['a', '__cla' + 'ss__']\nfor v in sorted(d):\n    getattr(y, v)\n", "block"},
    {"def f(y, n='sum'):\n    return getattr(y, n)\nf(1, 'mean')\n", "none"},
    {"def f(y, n='sum'):\n    return getattr(y, n)\nf(1, x)\n", "medium"},
    {"def f(y, n='sum'):\n    return getattr(y, n)\nf(*x)\n", "medium"},
    {"def f(y, n='sum'):\n    return getattr(y, n)\nmap(f, x)\n", "medium"},
    {"@g\ndef f(y, n='sum'):\n    return getattr(y, n)\n", "medium"},
    {"class A:\n    def f(y, n='sum'):\n        return getattr(y, n)\n", "medium"},
    {"def f(y, n):\n    return getattr(y, n)\nf(1, '__cla' + 'ss__')\n", "block"},
    {"getattr(self.part, n)\n", "none"},
    {"import os\nself.part = os\ngetattr(self.part, n)\n", "high"},
    {"import json\nself.part = json\ngetattr(self.part, n)\n", "medium"},
    {"getattr(y, f'visit_{n}')\n", "none"},
    {"import dataclasses\nfor f in dataclasses.fields(y):\n    getattr(y, f.name)\n", "none"},
    {"for r in y.itertuples():\n    getattr(r, n)\n", "none"},
    {"r = x\nfor r in y.itertuples():\n    getattr(r, n)\n", "medium"},
    {"import duckdb\nduckdb.sql('select a from read_csv(\\'b\\') group by all')\n", "note"},
    {"x.__class__ is y.__class__\n", "none"},
    {"print(x.__class__)\n", "block"},
    {"import re\nre.match(r'(a+)+$', x)\n", "medium py.expression.doubles@2:1"},
    {"import pandas\npandas.read_csv(io='/srv/a.csv')\n", "high"},
    {"import os\nopen(os.path.join(os.sep, 'srv', x))\n", "high py.argument.place@2:6"},
    {"import os\nopen(os.path.join(os.pardir, 'a.csv'))\n", "high py.text.secret@2:6"},
    {"import os\nopen(os.path.join('data', 'a.csv'))\n", "note"},
    {"import re\nre.sub(r'^(?:([a-z])+)*$', '', x)\n", "medium py.expression.doubles@2:1"},
    {"import re\nre.sub(r'(\\d{3})+|([,;]\\d+)*', '', x)\n", "none"},
    {"import zipfile\nwith zipfile.ZipFile('a') as z:\n    z.extractall('b')\n", "note"},
    {"import tarfile\nwith tarfile.open('a') as z:\n    z.extractall('b')\n", "high"},
    /* The environment, by the key that is asked for. */
    {"import os\nos.environ['MPLBACKEND'] = 'Agg'\nos.getenv('OMP_NUM_THREADS', '1')\n", "note"},
    {"import os\nos.environ['AWS_KEY']\n", "high py.environment.key@2:12"},
    {"import os\nos.environ.get(key='HOME')\n", "high py.environment.key"},
    {"import os\nfor k in ('TZ', 'HOME'):\n    os.environ[k]\n", "high py.environment.key"},
    {"import os\nos.getenv(x)\n", "high py.environment.key"},
    {"import os\nos.getenv(*x)\n", "high py.environment@2:1"},
    {"import os\nmap(os.getenv, ['TZ'])\n", "high py.environment@2:5"},
    {"import os\nos.environ.items()\n", "high py.environment@2:1"},
    /* What gives the same each time never gives something else. */
    {"for b in iter(lambda: f.read(9), b''):\n    g(b)\n", "none"},
    {"import functools\nfor b in iter(functools.partial(f.read, 9), b''):\n    g(b)\n", "none"},
    {"for b in iter(int, 1):\n    g(b)\n", "medium py.endless@1:1"},
    {"for b in iter(lambda: 1, 2):\n    g(b)\n", "medium py.endless@1:1"},
    /* Parts of libraries that reckon, and others of the same ones. */
    {"from sqlalchemy import create_engine, text\n"
     "create_engine('sqlite:///a.db').connect().execute(text('select 1'))\n",
     "note"},
    {"import sqlalchemy as a\na.create_engine('sqlite:///b.db').connect().execute(a.text('drop "
     "table c'))\n",
     "block sql.drop@2:53"},
    {"import sqlalchemy\nsqlalchemy.create_engine('sqlite:////etc/a.db')\n", "high"},
    {"import sqlalchemy\nsqlalchemy.create_engine(x)\n", "high"},
    {"import numba\n@numba.njit\ndef f(x):\n    return x\n", "note"},
    {"import numba\nnumba.cfunc(x)\n", "high py.library.outside@2:1"},
    {"import jinja2\njinja2.Template(x)\n", "medium py.argument.expression@2:17"},
    /* Files that the program writes itself, and those of others. */
    {"import os\nopen('a', 'w').close()\nos.remove('a')\n", "note"},
    {"import os\nopen('a', 'w').close()\nos.remove('b')\n", "high py.delete@3:1"},
    {"import os\nopen('a', 'a').close()\nos.remove('a')\n", "high py.delete@3:1"},
    {"import os\nopen('../a', 'w').close()\nos.remove('../a')\n", "high"},
    {"import os\nn = 'a'\nopen(n, 'w').close()\nn = 'b'\nos.remove(n)\n", "high py.delete"},
    {"from pathlib import Path\np = Path('a') / 'b'\np.write_text(x)\np.unlink()\n", "note"},
    {"from pathlib import Path\nprint((Path('/') / 'srv').read_text())\nopen(Path('/srv/a'))\n",
     "high py.argument.place@2:13 py.argument.place@3:6"},
    {"import tempfile, shutil\nd = tempfile.mkdtemp()\nshutil.rmtree(d)\n", "note"},
    {"import tempfile, shutil\nd = tempfile.mkdtemp()\nd = x\nshutil.rmtree(d)\n",
     "high py.delete@4:1"},
    {"import shutil\nshutil.copyfile('a', 'b')\nshutil.rmtree('b')\n", "high py.delete@3:1"},
    {"import shutil\nshutil.copy('a', 'b')\nshutil.move('b', 'c')\n", "high"},
    {"import os, shutil\nshutil.copy('a', 'b')\nos.remove('b')\n", "note"},
    {"import tempfile, shutil\nd = tempfile.gettempdir()\nshutil.rmtree(d)\n",
     "high py.delete@3:1"},
    /* Databases in files, by whose tables they hold. */
    {"import sqlite3\nc = sqlite3.connect('a')\nc.execute('create table b (d int)')\n"
     "c.execute('insert into b values (1)')\n",
     "note"},
    {"import sqlite3\nc = sqlite3.connect('a')\nc.execute('create table b (d int)')\n"
     "c.execute('insert into e values (1)')\n",
     "high"},
    {"import sqlite3\nc = sqlite3.connect('a')\nc.execute('create table b (d int)')\n"
     "c.execute('update b set d = 1')\n",
     "high"},
    {"import sqlite3\nc = sqlite3.connect('/srv/a')\nc.execute('create table b (d int)')\n",
     "high"},
    {"import sqlite3\nc = sqlite3.connect('a')\nc.execute('create table b (d int)')\n"
     "c.execute(\"select d from b -- e\")\n",
     "high"},
    {"import sqlite3\nc = sqlite3.connect('a')\nc.execute('create table b (d int)')\n"
     "c.execute(\"insert into 'e' values (1)\")\n",
     "high"},
    {"import sqlite3\nc = sqlite3.connect('a')\nc.execute('create table b (d int)')\n"
     "c.execute(\"select * from b, e\")\n",
     "high"},
    {"import sqlite3\nc = sqlite3.connect('a')\nc.execute('create table b (d int)')\n"
     "c.execute(\"select * from b x, b y where x.d in (1, 2)\")\n",
     "note"},
    {"import sqlite3\nc = sqlite3.connect('a')\nc.execute('create table b (d int)')\n"
     "c.execute(\"with e as (select d from b) select * from e\")\n",
     "note"},
    {"import sqlite3\nc = sqlite3.connect('a')\nc.execute('create table b (d int)')\n"
     "c.execute(\"insert into b values (?) on conflict (d) do update set d = 2\", [1])\n",
     "note"},
    {"import sqlite3\nc = sqlite3.connect('a')\nc.execute('create table b (d int)')\n"
     "c.execute(\"create table if not exists e (d int)\")\nc.execute(\"insert into e values "
     "(1)\")\n",
     "note"},
    {"import sqlite3\nc = sqlite3.connect('a')\nc.execute('create table b (d int)')\n"
     "c.execute(\"create table if not exists e (d int)\")\nc.execute(\"replace into e values "
     "(1)\")\n",
     "high"},
    {"import sqlite3\nc = sqlite3.connect('a')\nc.execute('create table b (d int)')\n"
     "c.execute(f\"insert into b values (1); {x} e\")\n",
     "high"},
    {"import sqlite3\nc = sqlite3.connect('a')\nc.execute('create table b (d int)')\n"
     "d.to_sql(\"e\", c, None, \"replace\")\n",
     "high"},
    {"import sqlite3\nc = sqlite3.connect('a')\nc.execute('create table b (d int)')\n"
     "e = c.execute\ne(\"replace into e values (1)\")\n",
     "high"},
    /* What only becomes more, and what is gone through to its end. */
    {"x = [0]\nwhile x:\n    x.extend(x)\n", "medium py.endless@2:1"},
    {"x = [0]\nwhile x:\n    x.extend(x)\n    x.pop()\n", "none"},
    {"x = 1\nwhile x:\n    x += 1\n", "medium py.endless@2:1"},
    {"x = -9\nwhile x:\n    x += 1\n", "none"},
    {"for y in x:\n    x.append(y)\n", "medium py.endless@1:1"},
    {"for y in x:\n    if y:\n        x.append(y)\n", "none"},
    {"import itertools\nlist(itertools.product(range(1000), repeat=6))\n", "medium"},
    {"import itertools\nlist(itertools.product(range(10), repeat=6))\n", "none"},
    {"import itertools\nnext(itertools.product(range(1000), repeat=6))\n", "none"},
    {"r = range(9999)\n[a + b + c for a in r for b in r for c in r]\n", "medium"},
    {"import itertools\nsum(map(f, itertools.count()))\n", "medium py.endless@2:1"},
    {"x = 'a'\nfor i in range(64):\n    x += x\n", "medium"},
    {"x = 1\nfor i in range(64):\n    x += x\n", "none"},
    {"x = 'a'\nfor i in range(9):\n    x += x\n", "none"},
    {"import threading\nfor i in range(9999):\n    threading.Thread(target=f).start()\n", "medium"},
    {"import threading\nfor i in range(9):\n    threading.Thread(target=f).start()\n", "note"},
    {"import re\nre.match('(x+x+)+y', z)\n", "medium py.expression.doubles@2:1"},
    {"import re\nre.match('(x+y+)+z', z)\n", "none"},
    {"import numpy\no = {'allow_pickle': True}\nnumpy.load('a', **o)\n", "high"},
    {"import numpy\no = {'mmap_mode': 'r'}\nnumpy.load('a', **o)\n", "note"},
    {"import sqlite3\nc = sqlite3.connect('a')\nc.execute('create table b (d int)')\n"
     "e = c.execute\ne('drop table f')\n",
     "block"},
    /* What a person is only shown. */
    {"print('rm -rf /')\n", "none"},
    {"print('rm -rf /', file=x)\n", "high py.text.shell@1:7"},
    {"y = 'rm -rf /'\n", "high py.text.shell@1:5"},
    {"raise ValueError('/etc/shadow')\n", "none"},
    {"raise MyError('never rm -rf / here')\n", "none"},
    {"raise MyError('/etc/shadow')\n", "high py.text.secret@1:15"},
    {"x = str(ValueError('/etc/shadow'))\n", "high py.text.secret@1:20"},
    {"def print(x):\n    open(x)\nprint('/etc/shadow')\n",
     "high py.argument.place@2:10 py.text.secret@3:7"},
    {"log.send('rm -rf /srv')\n", "high py.text.shell@1:10"},
    {"x = dict(title='rm -rf /')['title']\n", "high py.text.shell@1:16"},
    {"x = df.plot(title='rm -rf /')\n", "none"},
    {"x = df.plot(title='/etc/shadow')\n", "high py.text.secret@1:19"},
    {"import re\nx = re.compile('rm -rf /|sh -c ')\n", "none"},
    {"import re\nopen(re.compile('/etc/shadow').pattern)\n", "high py.text.secret@2:17"},
    {"import re, pandas\npandas.read_csv(re.compile('https://x/y.csv').pattern)\n",
     "medium py.read.page"},
    {"x = 'rm -rf data'\n", "high py.text.shell@1:5"},
    {"x = 'cd a && rm -rf *'\n", "high py.text.shell@1:5"},
    {"x = 'rm -rf -- /'\n", "high py.text.shell@1:5"},
    {"x = 'why rm -rf is bad'\n", "none"},
    {"class A:\n    def __del__(self):\n        print(1)\n", "none"},
    {"class A:\n    def __del__(self):\n        f(1)\n", "medium py.define.end@2:5"},
};

static void test_every_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(judged); i++) {
        struct error err = {0};
        AUTO(json) json_t *verdict = NULL;
        assert_true(policy_judge(policy, "python", bytes_of(judged[i].code), &verdict, &err));
        AUTO(text) char *words = words_of(verdict);
        if (strncmp(words, judged[i].words, strlen(judged[i].words)) != 0)
            fail_msg("%s gives \"%s\", not \"%s\"", judged[i].code, words, judged[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
