"""Part of bootstrap.py, loaded for jobs in SQL: input files as tables, statements, a guard."""


def sql_name(text, taken):
    """A table or column name that needs no quotes, and that is not taken."""
    name = "".join(c if c.isalnum() or c == "_" else "_" for c in text).strip("_").lower()
    if not name or name[0].isdigit():
        name = "t_" + name if name else "t"
    base, number = name, 1
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    taken.add(name)
    return name


def read_text(path):
    with open(path, "rb") as file:
        data = file.read()
    for encoding in ("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig",
                     "cp1252", "latin-1"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if encoding in ("cp1252", "latin-1"):
        note(f"{os.path.basename(path)} is not UTF-8; it was read as {encoding}")
    return text.replace("\0", "")


def read_delimited(path):
    import csv

    text = read_text(path)
    first = text.split("\n", 1)[0]
    delimiter = "\t" if path.lower().endswith(".tsv") else max(",;\t|", key=first.count)
    csv.field_size_limit(1 << 27)
    rows = [row for row in csv.reader(text.splitlines(keepends=True), delimiter=delimiter) if row]
    if not rows:
        return [], []
    width = max(len(rows[0]), 1)
    odd = sum(len(row) != width for row in rows)
    if odd:
        note(f"{os.path.basename(path)}: {odd} rows do not have {width} fields; missing ones are "
             "NULL, further ones are left out")
    body = [(row + [""] * (width - len(row)))[:width] for row in rows[1:]]
    return rows[0], typed(body, width)


def typed(rows, width):
    """Texts as whole numbers or numbers where every one of a column's values is one."""
    import re

    whole = re.compile(r"[+-]?(0|[1-9][0-9]{0,17})\Z").match
    decimal = re.compile(r"[+-]?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?\Z").match
    converters = []
    for place in range(width):
        values = [row[place].strip() for row in rows if row[place].strip()]
        if values and all(map(whole, values)):
            converters.append(int)
        elif values and all(decimal(v) and any(map(str.isdigit, v)) for v in values):
            converters.append(float)
        else:
            converters.append(None)
    return [tuple(convert_field(convert, value) for convert, value in zip(converters, row))
            for row in rows]


def convert_field(convert, value):
    if convert is None:
        return value if value != "" else None
    value = value.strip()
    return convert(value) if value else None


def read_json(path):
    import json

    text = read_text(path)
    try:
        data = json.loads(text)
    except ValueError:
        data = [json.loads(line) for line in text.splitlines() if line.strip()]
    if isinstance(data, dict):
        lists = [value for value in data.values() if isinstance(value, list)]
        data = lists[0] if len(lists) == 1 else [data]
    names = []
    for row in data:
        for key in row if isinstance(row, dict) else ("value",):
            if key not in names:
                names.append(key)

    def cell(value):
        if isinstance(value, bool):
            return int(value)
        return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value

    rows = [tuple(cell((row if isinstance(row, dict) else {"value": row}).get(name))
                  for name in names) for row in data]
    return names, rows


def read_workbook(path):
    import openpyxl

    def cell(value):
        return value.isoformat() if hasattr(value, "isoformat") else value

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    for sheet in book.worksheets:
        rows = [tuple(map(cell, row)) for row in sheet.iter_rows(values_only=True)]
        rows = [row for row in rows if any(value is not None for value in row)]
        if rows:
            names = ["" if value is None else str(value) for value in rows[0]]
            width = len(names)
            yield sheet.title, names, [(row + (None,) * width)[:width] for row in rows[1:]]


def sources(name):
    """(table name wanted, column names, rows) for each table in an input file."""
    path, (stem, extension) = os.path.join(WORK, name), os.path.splitext(name)
    extension = extension.lower()
    if extension == ".xlsx":
        for number, (title, names, rows) in enumerate(read_workbook(path)):
            yield (stem if number == 0 else f"{stem}_{title}"), names, rows
    elif extension in (".json", ".jsonl", ".ndjson"):
        yield stem, *read_json(path)
    elif extension in (".csv", ".tsv", ".txt"):
        yield stem, *read_delimited(path)
    else:
        note(f"{name} is no CSV, TSV, JSON or .xlsx file: no table was made of it")


def column_type(rows, place):
    kinds = {type(row[place]) for row in rows if row[place] is not None}
    if kinds == {int}:
        return "INTEGER"
    return "REAL" if kinds and kinds <= {int, float} else "TEXT" if kinds == {str} else ""


def load_table(connection, file, wanted, names, rows, taken):
    table, seen = sql_name(wanted, taken), set()
    columns = [sql_name(name, seen) for name in names]
    if not columns:
        note(f"{file} is empty: no table was made of it")
        return
    kinds = [column_type(rows, place) for place in range(len(columns))]
    parts = ", ".join(f'"{column}" {kind}' for column, kind in zip(columns, kinds))
    connection.execute(f'create table "{table}" ({parts})')
    marks = ", ".join("?" * len(columns))
    connection.executemany(f'insert into "{table}" values ({marks})', rows)
    print(f"table {table} from {file}: {len(rows)} rows, columns {', '.join(columns)}")


def statements(sqlite, text):
    """Each statement with the line it begins at."""
    start = 0
    while text[start:].strip():
        end = text.find(";", start)
        while end >= 0 and not sqlite.complete_statement(text[start:end + 1]):
            end = text.find(";", end + 1)
        end = len(text) if end < 0 else end + 1
        blank = len(text[start:end]) - len(text[start:end].lstrip())
        yield text.count("\n", 0, start + blank) + 1, text[start:end]
        start = end


def guard(sqlite):
    """Refuses what reaches for files or settings; the sandbox would as well."""
    refused = {sqlite.SQLITE_ATTACH, sqlite.SQLITE_DETACH}
    readable = {"table_info", "table_xinfo", "table_list", "index_list", "index_info",
                "foreign_key_list", "compile_options"}

    def authorize(action, first, second, _database, _trigger):
        if action in refused or (action == sqlite.SQLITE_FUNCTION and second == "load_extension"):
            return sqlite.SQLITE_DENY
        if action == sqlite.SQLITE_PRAGMA and (first not in readable):
            return sqlite.SQLITE_DENY
        return sqlite.SQLITE_OK

    return authorize


def sql_cell(value):
    if isinstance(value, bytes):
        return "x'" + value[:64].hex() + ("…" if len(value) > 64 else "") + "'"
    if isinstance(value, float):
        return number_cell(value)
    if isinstance(value, int) and abs(value) > EXACT:
        return str(value)
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def sql_kind(rows, place):
    kinds = {type(row[place]) for row in rows if row[place] is not None}
    return "number" if kinds and kinds <= {int, float} else "text"


def sql_table(cursor, limit):
    rows, size, total = [], 0, 0
    names = [column[0] for column in cursor.description]
    for row in cursor:
        total += 1
        if size < limit:
            row = tuple(map(sql_cell, row))
            rows.append(row)
            size += sum(len(value) if isinstance(value, str) else 8 for value in row)
    columns = [(name, sql_kind(rows, place)) for place, name in enumerate(names)]
    return table_json(columns, rows, total, limit)


def run_sql(code, frame, budget):
    import sqlite3

    part("show")
    connection = sqlite3.connect(":memory:", isolation_level=None)
    taken = set()
    connection.execute("begin")
    for name in frame.inputs:
        for wanted, names, rows in sources(name):
            load_table(connection, name, wanted, names, rows, taken)
    connection.execute("commit")
    connection.execute("pragma trusted_schema = off")
    connection.set_authorizer(guard(sqlite3))
    table = None
    for line, statement in statements(sqlite3, code.decode("utf-8")):
        try:
            cursor = connection.execute(statement)
            if cursor.description:
                table = sql_table(cursor, budget.size)
            elif cursor.rowcount >= 0:
                print(f"{cursor.rowcount} rows changed")
        except (sqlite3.Error, sqlite3.Warning) as error:
            budget.text("traceback", f"{type(error).__name__}: {error}\n"
                        f"in the statement that begins at line {line}:\n\n{statement.strip()}\n")
            raise Reported(type(error).__name__, f"{error} (statement at line {line})") from None
    if table is not None:
        budget.item("table", "", table)


