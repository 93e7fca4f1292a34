"""Charts as SVG, readable on light and on dark ground. Knows numbers and words, not where they come from."""

import html
import math

WIDTH, MARGIN = 760, 20
STYLE = """<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600 } .quiet { fill: #59636e } .small { font-size: 12px } .right { text-anchor: end }
.middle { text-anchor: middle }
.ground { fill: #ffffff } .rule { stroke: #d1d9e0 } .spread { stroke: #1f2328 }
.freshet { fill: #0969da } .limit { fill: #9aa4ae } .nchan { fill: #d1702a }
path.line { fill: none; stroke-width: 2 }
.line.freshet { stroke: #0969da } .line.limit { stroke: #9aa4ae } .line.nchan { stroke: #d1702a }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .quiet { fill: #9198a1 }
  .ground { fill: #0d1117 } .rule { stroke: #3d444d } .spread { stroke: #e6edf3 }
  .freshet { fill: #4493f8 } .limit { fill: #7d8590 } .nchan { fill: #e0823d }
  .line.freshet { stroke: #4493f8 } .line.limit { stroke: #7d8590 } .line.nchan { stroke: #e0823d }
}
</style>"""


class Bar:
    """A server's name and title, its median and spread, and how the median is written."""

    def __init__(self, name, title, spread, words):
        self.name, self.title, self.spread, self.words = name, title, spread, words


def text(x, y, words, *classes):
    marked = f' class="{" ".join(classes)}"' if classes else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{marked}>{html.escape(words)}</text>'


def document(height, title, parts):
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        f' role="img" aria-label="{html.escape(title)}">', STYLE,
        f'<rect class="ground" width="{WIDTH}" height="{height}" rx="6"/>', *parts, "</svg>", ""])


BAR, BAR_GAP, PANEL_TITLE, PANEL_GAP, LABEL, VALUE = 16, 7, 24, 22, 62, 92


def panel(x, y, width, title, bars):
    """One figure: a bar for each server, all on one scale from zero, a line from the least to the greatest."""
    parts = [text(x, y + 13, title, "title")]
    most = max((bar.spread.greatest for bar in bars if bar.spread.count), default=0) or 1
    scale = (width - LABEL - VALUE) / most
    for i, bar in enumerate(bars):
        top = y + PANEL_TITLE + i * (BAR + BAR_GAP)
        parts.append(text(x, top + 13, bar.title))
        left = x + LABEL
        if bar.spread.count:
            parts.append(f'<rect class="{bar.name}" x="{left:.1f}" y="{top}" rx="2"'
                         f' width="{max(bar.spread.median * scale, 1):.1f}" height="{BAR}"/>')
            parts.append(f'<path class="spread" d="M{left + bar.spread.least * scale:.1f} {top + BAR / 2}'
                         f'H{left + bar.spread.greatest * scale:.1f}"/>')
            left += bar.spread.greatest * scale
        parts.append(text(left + 6, top + 13, bar.words, "small"))
    return parts


def bars(title, note, panels):
    """panels: (title, [Bar…]); two stand beside each other."""
    width = (WIDTH - 3 * MARGIN) / 2
    parts, y = [text(MARGIN, 30, title, "title"), text(MARGIN, 48, note, "quiet", "small")], 68
    for i in range(0, len(panels), 2):
        row = panels[i:i + 2]
        for column, (name, of) in enumerate(row):
            parts += panel(MARGIN + column * (width + MARGIN), y, width, name, of)
        y += PANEL_TITLE + max(len(of) for _, of in row) * (BAR + BAR_GAP) + PANEL_GAP
    return document(y, title, parts)


PLOT_LEFT, PLOT_RIGHT, PLOT_TOP, PLOT_HEIGHT = 70, 80, 68, 230


def lines(title, note, points, series):
    """points: names along the x axis. series: (name, title, a value in ms for each point or None). The y axis is
    logarithmic, by powers of ten."""
    known = [value for _, _, values in series for value in values if value]
    low, high = (math.floor(math.log10(min(known))), math.ceil(math.log10(max(known)))) if known else (0, 1)
    high = max(high, low + 1)
    width = WIDTH - PLOT_LEFT - PLOT_RIGHT
    x_of = lambda i: PLOT_LEFT + width * (i + 0.5) / len(points)
    y_of = lambda value: PLOT_TOP + PLOT_HEIGHT * (high - math.log10(value)) / (high - low)
    parts = [text(MARGIN, 30, title, "title"), text(MARGIN, 48, note, "quiet", "small")]
    for power in range(low, high + 1):
        y = y_of(10 ** power)
        parts += [f'<path class="rule" d="M{PLOT_LEFT} {y:.1f}H{WIDTH - PLOT_RIGHT}"/>',
                  text(PLOT_LEFT - 8, y + 4, f"{10 ** power:,g} ms", "right", "small", "quiet")]
    parts += [text(x_of(i), PLOT_TOP + PLOT_HEIGHT + 22, point, "middle", "small") for i, point in enumerate(points)]
    taken = []
    for name, label, of in sorted(series, key=lambda one: -(one[2][-1] or 0)):
        places = [(x_of(i), y_of(value)) for i, value in enumerate(of) if value]
        if not places:
            continue
        parts.append(f'<path class="line {name}" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in places)}"/>')
        parts += [f'<circle class="{name}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in places]
        y = places[-1][1] + 4
        while any(abs(y - other) < 14 for other in taken): # labels stand below each other
            y += 1
        taken.append(y)
        parts.append(text(places[-1][0] + 12, y, label))
    return document(PLOT_TOP + PLOT_HEIGHT + 40, title, parts)
