"""Bar charts as SVG, for a README: readable at 800 pixels, in a light and a dark page."""

import html
import math

FONT = "font-family=\"-apple-system, 'Segoe UI', Helvetica, Arial, sans-serif\""
COLOURS = {"limit": "#9aa5b1", "go": "#5b9bd5", "polyrpc": "#e8743b", "peer": "#8e6bbf"}
SERIES = ["#e8743b", "#5b9bd5", "#8e6bbf", "#52a675", "#9aa5b1", "#c9a227"]
INK, FAINT, GRID, PAPER = "#1f2933", "#616e7c", "#e4e7eb", "#ffffff"

WIDTH, LEFT, RIGHT, BAR, GAP = 800, 190, 90, 17, 4


def number(value):
    """Three digits are enough to read a plot."""
    if value == 0:
        return "0"
    for limit, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= limit:
            return f"{_three(value / limit)}{unit}"
    return _three(value)


def _three(value):
    if abs(value) >= 100:
        return f"{value:.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}".rstrip("0").rstrip(".")
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _ticks(largest, smallest, logarithmic):
    if logarithmic:
        low, high = math.floor(math.log10(smallest / 2)), math.ceil(math.log10(largest))
        return [10.0**power for power in range(low, max(high, low + 1) + 1)]
    step = 10 ** math.floor(math.log10(largest))
    for factor in (0.2, 0.5, 1, 2):
        if largest / (step * factor) <= 6:
            step *= factor
            break
    return [step * i for i in range(math.ceil(largest / step - 1e-9) + 1)]


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
    low, high = ticks[0], ticks[-1]
    plot = WIDTH - LEFT - RIGHT

    def x(value):
        if logarithmic:
            share = (math.log10(max(value, low)) - math.log10(low)) / (math.log10(high) - math.log10(low))
        else:
            share = value / high
        return LEFT + plot * share

    top = 72 + (22 if legend else 0)
    y, body, labels = top, [], []
    for label, bars in groups:
        height = len(bars) * (BAR + 2) - 2
        middle = y + height / 2 + 4
        labels.append(f'<text x="{LEFT - 10}" y="{middle:.1f}" text-anchor="end" font-size="12.5" fill="{INK}">'
                      f"{html.escape(label)}</text>")
        for colour, value, spread_low, spread_high in bars:
            if value is not None:
                end = x(value)
                body.append(f'<rect x="{LEFT}" y="{y}" width="{max(end - LEFT, 1):.1f}" height="{BAR}" rx="2" '
                            f'fill="{colour}"/>')
                text_at = end
                if spread_low is not None and spread_high is not None and spread_high > spread_low:
                    a, b, line = x(spread_low), x(spread_high), y + BAR / 2
                    body.append(f'<path d="M{a:.1f} {line}H{b:.1f}M{a:.1f} {line - 3}v6M{b:.1f} {line - 3}v6" '
                                f'stroke="{INK}" stroke-opacity="0.55" stroke-width="1.2" fill="none"/>')
                    text_at = max(end, b)
                labels.append(f'<text x="{text_at + 6:.1f}" y="{y + BAR - 4.5}" font-size="11.5" fill="{INK}">'
                              f"{number(value)}</text>")
            y += BAR + 2
        y += GAP + (6 if len(bars) > 1 else 2)
    bottom = y + 2

    grid = []
    for tick in ticks:
        at = x(tick)
        grid.append(f'<path d="M{at:.1f} {top - 6}V{bottom}" stroke="{GRID}"/>')
        grid.append(f'<text x="{at:.1f}" y="{bottom + 15}" text-anchor="middle" font-size="11" fill="{FAINT}">'
                    f"{number(tick)}</text>")
    head = [f'<text x="20" y="30" font-size="17" font-weight="600" fill="{INK}">{html.escape(title)}</text>',
            f'<text x="20" y="50" font-size="12" fill="{FAINT}">{html.escape(subtitle)}</text>']
    at = LEFT
    for text, colour in legend:
        head.append(f'<rect x="{at}" y="62" width="11" height="11" rx="2" fill="{colour}"/>')
        head.append(f'<text x="{at + 16}" y="72" font-size="12" fill="{INK}">{html.escape(text)}</text>')
        at += 16 + 7 * len(text) + 22
    axis += ", logarithmic" if logarithmic else ""
    head.append(f'<text x="{LEFT + plot / 2}" y="{bottom + 33}" text-anchor="middle" font-size="12" fill="{FAINT}">'
                f"{html.escape(axis)}</text>")
    height = bottom + 46
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
            f'height="{height:.0f}" role="img" aria-label="{html.escape(title)}" {FONT}>\n'
            f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1:.0f}" rx="6" fill="{PAPER}" stroke="{GRID}"/>\n'
            + "\n".join(grid + body + head + labels) + "\n</svg>\n")
