"""Part of bootstrap.py, loaded when a job leaves a table, a chart, a file or an error behind."""


def plain_text(value):
    return str(value).replace("\0", "\ufffd")


def table_json(columns, rows, total, limit):
    """The JSON of a table, with as many rows as fit; None when not even the columns do."""
    import json

    def dump(value):
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "replace")

    head = dump([{"name": plain_text(name), "type": kind} for name, kind in columns])
    parts, size = [], len(head) + 80
    for row in rows:
        part = dump(row)
        size += len(part) + 1
        if size > limit:
            break
        parts.append(part)
    if len(head) + 80 > limit:
        return None
    total = total() if callable(total) else total
    if len(parts) < total:
        note(f"the table shows {len(parts)} of {total} rows: the size limit of a run's items")
    return b'{"columns":' + head + b',"rows":[' + b",".join(parts) + \
        b'],"total_rows":' + str(total).encode() + b"}"


INFERRED = {
    "integer": "number", "floating": "number", "mixed-integer-float": "number",
    "decimal": "number", "boolean": "boolean", "datetime": "time", "datetime64": "time",
    "date": "time",
}
EXACT = 1 << 53  # beyond it a reader in JavaScript would see another integer


def number_cell(value):
    try:
        if value != value or value in (float("inf"), float("-inf")):
            return None
        if int(value) == value and not isinstance(value, float) and "float" not in str(type(value)):
            return int(value) if abs(value) <= EXACT else None
        # The shortest text that means this number in its own width.
        return float(str(value))
    except (TypeError, ValueError, OverflowError, ArithmeticError):
        return None


class Column:
    def __init__(self, pandas, name, series):
        self.pandas, self.name = pandas, name
        types = pandas.api.types
        if types.is_bool_dtype(series.dtype):
            self.kind = "boolean"
        elif types.is_datetime64_any_dtype(series.dtype):
            self.kind = "time"
        elif types.is_numeric_dtype(series.dtype) and not types.is_complex_dtype(series.dtype):
            self.kind = "number"
        else:
            series = series.astype(object)
            self.kind = INFERRED.get(types.infer_dtype(series, skipna=True), "text")
        if self.kind == "number" and not self.exact(series):
            self.kind = "text"
        self.series = series
        self.day_only = self.kind == "time" and self.midnights(series)

    def exact(self, series):
        if str(series.dtype).lower().startswith(("float", "bool")) or not len(series):
            return True
        try:
            return max(abs(int(series.max())), abs(int(series.min()))) <= EXACT
        except (TypeError, ValueError, OverflowError):
            return True

    def midnights(self, series):
        try:
            times = self.pandas.to_datetime(series.dropna())
            return bool((times == times.dt.normalize()).all()) and times.dt.tz is None
        except Exception:
            return False

    def cells(self, start, end):
        missing = self.pandas.isna
        for value in self.series.iloc[start:end]:
            try:
                absent = value is None or missing(value) is True or missing(value) == True  # noqa
            except (TypeError, ValueError):
                absent = False  # a list or another frame in a cell
            yield None if absent else self.cell(value)

    def cell(self, value):
        if self.kind == "number":
            return number_cell(value)
        if self.kind == "boolean":
            return bool(value)
        if self.kind == "time":
            text = value.isoformat() if hasattr(value, "isoformat") else str(value)
            return text[:10] if self.day_only else text
        return plain_text(value)


def frame_columns(pandas, frame):
    index = frame.index
    standard = isinstance(index, pandas.RangeIndex) and index.start == 0 and index.step == 1
    columns = []
    for level in range(0 if standard and index.name is None else index.nlevels):
        name = index.names[level]
        if name is None:
            name = "index" if index.nlevels == 1 else f"level_{level}"
        values = index.get_level_values(level)
        columns.append(Column(pandas, name, pandas.Series(values)))
    for place, name in enumerate(frame.columns):
        if isinstance(name, tuple):
            name = " / ".join(str(part) for part in name if str(part))
        columns.append(Column(pandas, name, frame.iloc[:, place]))
    return columns


def frame_table(frame, limit):
    """A pandas DataFrame or Series as table JSON."""
    import pandas

    if isinstance(frame, pandas.Series):
        frame = frame.to_frame("value" if frame.name is None else frame.name)
    columns = frame_columns(pandas, frame)

    def rows():
        for start in range(0, len(frame), 1000):
            yield from zip(*(column.cells(start, start + 1000) for column in columns))

    kinds = [(column.name, column.kind) for column in columns]
    return table_json(kinds, rows() if columns else (), len(frame), limit)


def is_pandas_table(value):
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, (pandas.DataFrame, pandas.Series))


def show_rich(value, budget):
    """True when the value needs no text: it was handed back as a table, or will be as a chart."""
    if is_drawing(value):
        return True
    if not is_pandas_table(value):
        return False
    body = frame_table(value, budget.size)
    if body is None:
        note("the table has too many columns to be handed back")
    else:
        budget.item("table", "", body)
    return True


def is_drawing(value):
    """What plotting calls return; the figure itself is handed back as a chart."""
    if isinstance(value, (list, tuple)) and value:
        return all(is_drawing(part) for part in value)
    if type(value).__name__ == "ndarray" and getattr(value, "size", 0) and value.dtype == object:
        return all(is_drawing(part) for part in value.flat)
    return (type(value).__module__ or "").startswith("matplotlib.")


def collect_charts(value, budget):
    figures = []
    plots = sys.modules.get("matplotlib.pyplot")
    if plots is not None:
        figures = [plots.figure(number) for number in plots.get_fignums()]
    if type(value).__name__ == "Figure" and hasattr(value, "savefig") and value not in figures:
        figures.append(value)
    for number, figure in enumerate(figures, 1):
        import io
        width, height = figure.get_size_inches()
        dpi = min(figure.dpi, CHART_PIXELS / max(width, height))
        out = io.BytesIO()
        figure.savefig(out, format="png", dpi=dpi, bbox_inches="tight")
        budget.item("chart", f"chart-{number}.png", out.getvalue())


def collect_files(changed, budget):
    import stat

    folders = others = 0
    for name, status in changed:
        if stat.S_ISDIR(status.st_mode):
            folders += 1
        elif not stat.S_ISREG(status.st_mode) or not plain_name(name):
            others += 1
        elif status.st_size > budget.size or budget.count == 0:
            budget.item("file", name, range(status.st_size))  # only its length is looked at
        else:
            budget.item("file", name, read_file(name, budget.size))
    if folders or others:
        note(f"not handed back: {folders} folders and {others} other things that are no plain "
             "files with plain names")


def plain_name(name):
    try:
        size = len(name.encode("utf-8"))
    except UnicodeEncodeError:
        return False
    return size <= 200 and name.isprintable() and "\\" not in name


def read_file(name, limit):
    fd = os.open(os.path.join(WORK, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        parts, size = [], 0
        while size <= limit:
            part = os.read(fd, CHUNK)
            if not part:
                break
            parts.append(part)
            size += len(part)
        return b"".join(parts)
    finally:
        os.close(fd)


def own_traceback(error):
    """Without the lines of this file."""
    step = error.__traceback__
    while step is not None and step.tb_frame.f_globals is globals():
        step = step.tb_next
    return error.with_traceback(step)


def describe_error(error, budget):
    import traceback

    lines = traceback.format_exception(own_traceback(error))
    budget.text("traceback", "".join(lines))


def warm_up():
    """What most jobs import, before there is any job."""
    import csv  # noqa: F401 (these three for SQL)
    import io
    import json  # noqa: F401
    import sqlite3  # noqa: F401

    part("sql")
    try:
        import pandas
        pandas.read_csv(io.StringIO("a,b\n1,2.5\n")).groupby("a").sum().to_string()
        import matplotlib.pyplot as plots
        figure = plots.figure()
        figure.gca().plot([1, 2], label="a")
        figure.gca().legend()
        figure.savefig(io.BytesIO(), format="png")
        plots.close(figure)
        # Fonts keep their files open; a job begins with nothing but 0 to 3.
        del figure
        sys.modules["matplotlib.font_manager"]._get_font.cache_clear()
        import gc
        gc.collect()
    except (ImportError, AttributeError):
        pass
