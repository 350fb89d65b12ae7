"""What a matplotlib figure shows, as data: the `chart` of a result."""
import re

from matplotlib.collections import PathCollection
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Rectangle, Wedge
from matplotlib.text import Text


def plain(value):
    value = value.item() if hasattr(value, "item") else value
    return value.isoformat() if hasattr(value, "isoformat") else value


def numbers(values):
    return [float(value) for value in values]


def texts(labels):
    return [label.get_text() for label in labels]


def unit_of(label):
    found = re.search(r"\s\((.*?)\)|\[(.*?)\]", label or "")
    return (found.group(1) or found.group(2)) if found else None


def with_labels(axes, chart):
    x_label, y_label = axes.get_xlabel() or None, axes.get_ylabel() or None
    chart.update(x_label=x_label, y_label=y_label, x_unit=unit_of(x_label),
                 y_unit=unit_of(y_label))
    return chart


def with_ticks(axes, chart):
    chart.update(
        x_ticks=numbers(axes.get_xticks()), x_tick_labels=texts(axes.get_xticklabels()),
        x_scale=axes.get_xscale(), y_ticks=numbers(axes.get_yticks()),
        y_tick_labels=texts(axes.get_yticklabels()), y_scale=axes.get_yscale())
    return chart


def line_chart(axes, chart):
    chart["elements"] = [
        {"label": line.get_label(),
         "points": [[plain(x), plain(y)] for x, y in zip(line.get_xdata(), line.get_ydata())]}
        for line in axes.get_lines()]
    return with_ticks(axes, with_labels(axes, chart))


def scatter_chart(axes, chart):
    chart["elements"] = [
        {"label": group.get_label(), "points": [[float(x), float(y)]
                                                for x, y in group.get_offsets()]}
        for group in axes.collections]
    return with_ticks(axes, with_labels(axes, chart))


def bar_chart(axes, chart):
    with_labels(axes, chart)
    for container in axes.containers:
        upright = getattr(container, "orientation", "vertical") == "vertical"
        labels = texts(axes.get_xticklabels() if upright else axes.get_yticklabels())
        sizes = [bar.get_height() if upright else bar.get_width() for bar in container]
        chart["elements"] += [{"label": label, "group": container.get_label(),
                               "value": float(size)} for label, size in zip(labels, sizes)]
    return chart


def pie_chart(axes, chart):
    chart["elements"] = [
        {"label": wedge.get_label(), "angle": abs(round(wedge.theta2 - wedge.theta1, 4)),
         "radius": float(wedge.r)} for wedge in axes.patches]
    return chart


def box_chart(axes, chart):
    return with_labels(axes, chart)


MAKERS = [("line", Line2D, line_chart), ("scatter", PathCollection, scatter_chart),
          ("pie", Wedge, pie_chart), ("bar", Rectangle, bar_chart),
          ("box_and_whisker", (PathPatch, Line2D), box_chart)]


def axes_chart(axes):
    drawn = [artist for artist in axes.get_children()
             if artist in axes.lines or artist in axes.patches or artist in axes.collections]
    drawn = [artist for artist in drawn if not isinstance(artist, Text)]
    for kind, classes, maker in MAKERS:
        if all(isinstance(artist, classes) for artist in drawn):
            return maker(axes, {"type": kind, "title": axes.get_title() or None, "elements": []})
    return {"type": "unknown", "title": axes.get_title() or None, "elements": []}


def chart_of(figure):
    axes = figure.get_axes()
    if not axes:
        return {}
    if len(axes) == 1:
        return axes_chart(axes[0])
    title = figure._suptitle.get_text() if figure._suptitle else None
    return {"type": "superchart", "title": title, "elements": [axes_chart(one) for one in axes]}
