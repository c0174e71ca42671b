"""Charts as SVG, for a README: readable at 800 pixels, in a light and a dark page."""

import html
import math

FONT = "font-family=\"-apple-system, 'Segoe UI', Helvetica, Arial, sans-serif\""
COLOURS = {"limit": "#8d99a6", "go": "#4f94d4", "polyrpc": "#e8743b", "peer": "#9a78c8"}
SERIES = ["#e8743b", "#4f94d4", "#9a78c8", "#45a06f", "#c9a227", "#8d99a6", "#d4557e", "#3aa6a6", "#7a7f3a", "#b08968"]

# What is neither a bar nor a line takes its colour from the page's scheme.
STYLE = """<style>
.paper{fill:#ffffff;stroke:#e4e7eb}.ink{fill:#1f2933}.faint{fill:#616e7c}.grid{stroke:#e4e7eb;fill:none}.mark{stroke:#1f2933;fill:none}
@media (prefers-color-scheme:dark){
.paper{fill:#161b22;stroke:#30363d}.ink{fill:#e6edf3}.faint{fill:#9aa5b1}.grid{stroke:#30363d;fill:none}.mark{stroke:#e6edf3;fill:none}}
</style>
"""

WIDTH, LEFT, RIGHT, BAR, GAP = 800, 215, 85, 17, 4


def number(value):
    """Three digits are enough to read a plot."""
    if value == 0:
        return "0"
    for limit, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= limit * 0.9995:
            return f"{_three(value / limit)}{unit}"
    return _three(value)


def _three(value):
    if abs(value) >= 99.95:
        return f"{value:.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}".rstrip("0").rstrip(".")
    return f"{value:.2f}".rstrip("0").rstrip(".") if abs(value) >= 0.01 else f"{value:.1g}"


def _ticks(largest, smallest, logarithmic):
    if logarithmic:
        low, high = math.floor(math.log10(smallest / 1.2)), math.ceil(math.log10(largest))
        if largest / smallest < 50:  # 1, 2 and 5 of each power, as few as hold all
            steps = [digit * 10.0**power for power in range(low - 1, high + 1) for digit in (1, 2, 5)]
            first = max(step for step in steps if step <= smallest / 1.1)
            last = min((step for step in steps if step >= largest * 1.05), default=steps[-1])
            return [step for step in steps if first <= step <= last]
        return [10.0**power for power in range(low, max(high, low + 1) + 1)]
    step = 10 ** math.floor(math.log10(largest))
    for factor in (0.2, 0.5, 1, 2):
        if largest / (step * factor) <= 6:
            step *= factor
            break
    return [step * i for i in range(math.ceil(largest / step - 1e-9) + 1)]


def _share(value, ticks, logarithmic):
    low, high = ticks[0], ticks[-1]
    if logarithmic:
        return (math.log10(max(value, low)) - math.log10(low)) / (math.log10(high) - math.log10(low))
    return value / high


def _text(x, y, text, size=12, anchor="start", kind="ink", more=""):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" class="{kind}"{more}>'
            f"{html.escape(text)}</text>")


def _legend(entries, top, dashed=()):
    """Squares with names, in as many lines as they need. Returns them and the height they take."""
    parts, x, y = [], 20, top
    for text, colour in entries:
        width = 16 + 6.6 * len(text) + 20
        if x + width > WIDTH - 20 and x > 20:
            x, y = 20, y + 18
        if text in dashed:
            parts.append(f'<path d="M{x} {y + 6}h12" stroke="{colour}" stroke-width="3" stroke-dasharray="4 3"/>')
        else:
            parts.append(f'<rect x="{x}" y="{y}" width="11" height="11" rx="2" fill="{colour}"/>')
        parts.append(_text(x + 16, y + 10, text))
        x += width
    return parts, (y - top + 22) if entries else 0


def _document(title, subtitle, height, parts):
    head = [_text(20, 30, title, 17, more=' font-weight="600"'), _text(20, 50, subtitle, kind="faint")]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
            f'height="{height:.0f}" role="img" aria-label="{html.escape(title)}" {FONT}>\n{STYLE}'
            f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1:.0f}" rx="6" class="paper"/>\n'
            + "\n".join(head + parts) + "\n</svg>\n")


def _columns(ticks, logarithmic, left, plot, top, bottom):
    """The grid for values that go from left to right."""
    parts = []
    for tick in ticks:
        at = left + plot * _share(tick, ticks, logarithmic)
        parts.append(f'<path d="M{at:.1f} {top - 6}V{bottom}" class="grid"/>')
        parts.append(_text(at, bottom + 15, number(tick), 11, "middle", "faint"))
    return parts


def bar_chart(title, subtitle, axis, groups, logarithmic=False, legend=()):
    """A chart of horizontal bars.

    groups: [(label, [(colour, value, low, high)])], one bar a value; low and high are its spread, or None; a value of
    None leaves the place empty. legend: [(text, colour)].
    """
    values = [value for _, bars in groups for _, value, _, _ in bars if value]
    highs = [high for _, bars in groups for _, _, _, high in bars if high]
    if not values:
        return None
    ticks = _ticks(max(values + highs), min(values), logarithmic)
    plot = WIDTH - LEFT - RIGHT

    def x(value):
        return LEFT + plot * _share(value, ticks, logarithmic)

    names, taken = _legend(legend, 62)
    top = 72 + taken
    y, body, labels = top, [], []
    for label, bars in groups:
        height = len(bars) * (BAR + 2) - 2
        labels.append(_text(LEFT - 10, y + height / 2 + 4, label, 12.5, "end"))
        for colour, value, low, high in bars:
            if value is not None:
                end = x(value)
                body.append(f'<rect x="{LEFT}" y="{y}" width="{max(end - LEFT, 1):.1f}" height="{BAR}" rx="2" '
                            f'fill="{colour}"/>')
                text_at = end
                if low is not None and high is not None and high > low:
                    a, b, line = x(low), x(high), y + BAR / 2
                    body.append(f'<path d="M{a:.1f} {line}H{b:.1f}M{a:.1f} {line - 3}v6M{b:.1f} {line - 3}v6" '
                                'class="mark" stroke-opacity="0.55" stroke-width="1.2"/>')
                    text_at = max(end, b)
                labels.append(_text(text_at + 6, y + BAR - 4.5, number(value), 11.5))
            y += BAR + 2
        y += GAP + (6 if len(bars) > 1 else 2)
    bottom = y + 2
    axis += ", logarithmic" if logarithmic else ""
    return _document(title, subtitle, bottom + 46, names + _columns(ticks, logarithmic, LEFT, plot, top, bottom) + body + labels +
                     [_text(LEFT + plot / 2, bottom + 33, axis, 12, "middle", "faint")])


def stacked_chart(title, subtitle, axis, rows, legend):
    """Horizontal bars made of parts. rows: [(label, [(colour, value)])]."""
    if not rows:
        return None
    ticks = _ticks(max(sum(value for _, value in parts) for _, parts in rows) or 1, 0, False)
    plot = WIDTH - LEFT - RIGHT
    names, taken = _legend(legend, 62)
    top = 72 + taken
    y, body = top, []
    for label, parts in rows:
        body.append(_text(LEFT - 10, y + BAR - 4.5, label, 12.5, "end"))
        x = LEFT
        for colour, value in parts:
            width = plot * _share(max(value, 0), ticks, False)
            body.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{colour}"/>')
            x += width
        body.append(_text(x + 6, y + BAR - 4.5, number(sum(value for _, value in parts)), 11.5))
        y += BAR + GAP + 4
    bottom = y + 2
    return _document(title, subtitle, bottom + 46, names + _columns(ticks, False, LEFT, plot, top, bottom) + body +
                     [_text(LEFT + plot / 2, bottom + 33, axis, 12, "middle", "faint")])


def _plane(title, subtitle, x_axis, y_axis, xs, ys, legend, dashed=()):
    """A logarithmic plane: the parts drawn so far, the two scales, and the height of the whole."""
    left, plot, height = 70, WIDTH - 70 - 30, 340
    names, taken = _legend(legend, 62, dashed)
    top = 72 + taken
    bottom = top + height
    x_ticks, y_ticks = _ticks(max(xs), min(xs), True), _ticks(max(ys), min(ys), True)
    parts = names + _columns(x_ticks, True, left, plot, top, bottom)
    for tick in y_ticks:
        at = bottom - height * _share(tick, y_ticks, True)
        parts.append(f'<path d="M{left} {at:.1f}H{left + plot}" class="grid"/>')
        parts.append(_text(left - 8, at + 4, number(tick), 11, "end", "faint"))
    parts.append(_text(left + plot / 2, bottom + 33, x_axis + ", logarithmic", 12, "middle", "faint"))
    middle = top + height / 2
    parts.append(_text(18, middle, y_axis + ", logarithmic", 12, "middle", "faint", f' transform="rotate(-90 18 {middle:.0f})"'))

    def place(x, y):
        return left + plot * _share(x, x_ticks, True), bottom - height * _share(y, y_ticks, True)

    return parts, place, bottom + 46


def line_chart(title, subtitle, x_axis, y_axis, series, dashed=()):
    """Lines on logarithmic axes. series: [(name, colour, [(x, y)])]; those named in `dashed` are."""
    series = [(name, colour, sorted(points)) for name, colour, points in series if points]
    if not series:
        return None
    xs, ys = zip(*(point for _, _, points in series for point in points))
    parts, place, height = _plane(title, subtitle, x_axis, y_axis, xs, ys, [(name, colour) for name, colour, _ in series], dashed)
    for name, colour, points in series:
        places = [place(*point) for point in points]
        line = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        dash = ' stroke-dasharray="6 4"' if name in dashed else ""
        parts.append(f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
    return _document(title, subtitle, height, parts)


def scatter_chart(title, subtitle, x_axis, y_axis, series):
    """Points with labels on logarithmic axes. series: [(name, colour, [(x, y, label)])]."""
    series = [(name, colour, points) for name, colour, points in series if points]
    if not series:
        return None
    xs, ys = zip(*(point[:2] for _, _, points in series for point in points))
    parts, place, height = _plane(title, subtitle, x_axis, y_axis, xs, ys, [(name, colour) for name, colour, _ in series])
    labels = []
    for _, colour, points in series:
        for x, y, label in points:
            at_x, at_y = place(x, y)
            parts.append(f'<circle cx="{at_x:.1f}" cy="{at_y:.1f}" r="5" fill="{colour}"/>')
            if label and all(abs(at_x - a) > 40 or abs(at_y - b) > 9 for a, b in labels):
                labels.append((at_x, at_y))
                parts.append(_text(at_x + 8, at_y + 3.5, label, 10, kind="faint"))
    return _document(title, subtitle, height, parts)
