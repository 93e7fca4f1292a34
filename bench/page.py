"""Makes docs/performance.md and its charts from docs/performance.json; nothing is measured here. With --check: says
whether they are what would be made."""

import argparse
import json
import pathlib
import statistics
import sys

import charts
import figures

DOCS = pathlib.Path(__file__).resolve().parent.parent / "docs"
TITLES = {"freshet": "Freshet", "limit": "limit", "nchan": "nchan"}
PERCENTILES = {"latency_p50_ms": "50 %", "latency_p90_ms": "90 %", "latency_p99_ms": "99 %", "latency_p999_ms": "99.9 %"}
# Why a goal is not reached, by its figure; said only where it is short. {bare} is what the limit needs of nchan's.
REASONS = {
    "delivery_cpu": "the loop of send alone is at {bare} times; every event wakes its reader, which no hub is spared",
    "p99": "the loop of send alone is at {bare} times",
    "single": "each request waits for a turn beside the fan-out on cores that are full; runs of nchan differ threefold,"
              " and so does the ratio; the loop of send alone is at {bare} times",
    "answers": "one request at a time is the time of a way there and back: the loop of send alone is at {bare} times",
}


def results_text(results):
    return json.dumps(results, indent=1, ensure_ascii=False) + "\n"


def read_results(path=DOCS / "performance.json"):
    return json.loads(pathlib.Path(path).read_text())


# --- words ---

def with_unit(figure, words):
    return f"{words} {figure.unit}" if figure.unit and words != "–" else words


def cell(results, figure, server):
    """Median (least to greatest)."""
    of = figures.spread(results, figure, server)
    if not of.count:
        return "–"
    words = with_unit(figure, figure.shown(of.median))
    if of.count > 1:
        words += f" ({figure.shown(of.least)} to {figure.shown(of.greatest)})"
    missing = len(figures.runs(results, figure.scene_of(server), server)) - of.count
    return words + (f", {missing} not finished" if missing else "")


def ratio_cell(results, figure, to):
    of = figures.ratio(results, figure, to)
    if not of.count:
        return "–"
    return f"{of.median:.2f}" + (f" ({of.least:.2f} to {of.greatest:.2f})" if of.count > 1 else "")


def goal_words(figure):
    kind, bound = figure.goal
    side = "at least" if figure.more else "at most"
    if kind == "value":
        return with_unit(figure, f"{side} {bound:,}")
    return f"{side} {bound:g} times nchan's"


def measured_words(results, figure):
    value = figures.measured(results, figure)
    if value is None:
        return "not measured"
    return with_unit(figure, figure.shown(value)) if figure.goal[0] == "value" else f"{value:.2f} times"


def table(heads, rows, right=()):
    marks = ["---:" if i in right else "---" for i in range(len(heads))]
    return "\n".join(f"| {' | '.join(row)} |" for row in [heads, marks, *rows])


# --- the page's parts ---

def judged(results, name, figure):
    if figures.measured(results, figure) is None:
        return "–"
    if figures.is_held(results, figure):
        return "held"
    bare = figures.ratio(results, figure, of="limit")
    reason = REASONS.get(name, "not explained yet")
    return "short: " + (reason.format(bare=f"{bare.median:.2f}") if bare.count else "not explained yet")


def goals_table(results):
    rows = []
    for name, figure in figures.FIGURES.items():
        if figure.goal:
            rows.append([figure.title, goal_words(figure), measured_words(results, figure), judged(results, name, figure)])
    return table(["", "goal", "measured", ""], rows, (2,))


def figures_table(results):
    rows = [[figure.title, *(cell(results, figure, name) for name in ("freshet", "nchan", "limit")),
             ratio_cell(results, figure, "nchan"), ratio_cell(results, figure, "limit")]
            for figure in figures.FIGURES.values()]
    return table(["", "Freshet", "nchan", "limit", "Freshet : nchan", "Freshet : limit"], rows, (1, 2, 3, 4, 5))


def wrongs_words(results):
    found = figures.wrongs(results)
    if not found:
        return "Every event came once and in order, in every run of every server."
    return "\n".join(["In all other runs every event came once and in order.", "",
                      *(f"- {scene}, {TITLES[name]}: {what} (in {times} of {len(figures.runs(results, scene, name))} runs)"
                        for scene, name, times, what in found)])


def generator_share(results, scene):
    """The busiest core of the generator, by server."""
    shares = []
    for name in figures.SCENES[scene].servers:
        busy = [run["generator"]["busiest_core"] for run in figures.runs(results, scene, name)
                if (run.get("generator") or {}).get("busiest_core") is not None]
        if busy:
            shares.append(f"{TITLES[name]} {statistics.median(busy):.0%}")
    return ", ".join(shares) or "–"


def scenes_table(results):
    return table(["scene", "", "the generator's busiest core"],
                 [[name, scene.title, generator_share(results, name)] for name, scene in figures.SCENES.items()])


def commands(results):
    """As they were, without process, port and limit of time; the limit is spoken to as the hub is."""
    return "\n".join(of[name] for of in results["commands"].values() for name in ("freshet", "nchan") if name in of)


def machine_words(results):
    machine = results["machine"]
    return (f"{machine['cores']} cores of {'a virtual machine, ' if machine['virtual'] else ''}{machine['cpu']},"
            f" {machine['memory_gib']} GiB of memory, {machine['system']}, Linux {machine['kernel']}, {machine['architecture']}."
            f" {', '.join(f'{name} {version}' for name, version in results['versions'].items())}.")


PAGE = """# Performance

Freshet beside nchan, the module that makes nginx a hub, and beside the limit: a program that sends the same bytes to
the same sockets by a loop of `send` on two threads, and does nothing else. `freshet bench` loads them over the loopback,
on the machine on which they run, and checks every delivery. Each has two workers and keeps 1,000 events a channel in
memory. In each of {rounds} rounds every scene is played with each of them in turn, newly started. What is given is the
median, and behind it the least and the greatest; ratios are taken within a round. Measured on {measured}.

## Goals

{goals}

## Charts

![What a subscriber and a delivery cost](performance-cost.svg)

![How much passes in a second](performance-rate.svg)

![How long a delivery takes](performance-latency.svg)

## All figures

{figures}

CPU is the time that the server's processes spent, in the kernel too, publishing included. Own memory is what the server
itself holds for a stream (anonymous and shared pages, not those of mapped files; the kernel's part of a socket is the
same for all). nchan takes one event a request and no ndjson: beside batches stands what it does with single requests.
The limit keeps no events that could be read again. Where requests follow without pause the limit is no bound: it sends
each event alone, while a hub may send several at once. In the scenes without pause a process of its own publishes, so
that no answer waits for reading.

## What went wrong

{wrongs}

## Scenes

{scenes}

Generator and server share the cores. Near 100 % the generator may be the limit, and the figure is a lower bound.

```
{commands}
```

Besides: `--json`, `--pid` with the server's process, and its URL.

## Machine and versions

{machine}

## Again

```sh
./dev bench           # all of this page; {minutes} minutes
./dev bench --quick   # a rough look, in two minutes; writes nothing
./dev bench --page    # page and charts again, from docs/performance.json
```
"""


def markdown(results):
    minutes = sum(scene.seconds * len(scene.servers) for scene in figures.SCENES.values()) * results["rounds"] / 60
    return PAGE.format(rounds=results["rounds"], measured=results["measured"], goals=goals_table(results),
                       figures=figures_table(results), wrongs=wrongs_words(results), scenes=scenes_table(results),
                       commands=commands(results), machine=machine_words(results), minutes=round(minutes / 5) * 5)


# --- charts ---

def bar_chart(results, more, title, note):
    panels = []
    for figure in figures.FIGURES.values():
        if figure.more != more:
            continue
        bars = []
        for name in figures.SERVERS:
            of = figures.spread(results, figure, name)
            singly = " singly" if figure.scene_of(name) != figure.scene else ""
            if of.count:
                bars.append(charts.Bar(name, TITLES[name], of, figure.shown(of.median) + singly))
        panels.append((f"{figure.title}{', ' + figure.unit if figure.unit else ''}", bars))
    return charts.bars(title, note, panels)


def latency_chart(results):
    series = []
    for name in ("nchan", "freshet", "limit"):
        of = [run for run in figures.runs(results, "steady", name) if not run.get("failure")]
        values = [[run[key] for run in of if run.get(key) is not None] for key in PERCENTILES]
        series.append((name, TITLES[name], [statistics.median(value) if value else None for value in values]))
    return charts.lines("Time from publishing to reading", "10,000 subscribers, 5 events a second; so many percent of the deliveries"
                        " took at most so long", list(PERCENTILES.values()), series)


def files(results):
    """All that is made, by name."""
    return {"performance.md": markdown(results),
            "performance-cost.svg": bar_chart(results, False, "What it costs", "less is better; the line spans all rounds"),
            "performance-rate.svg": bar_chart(results, True, "How much passes in a second",
                                              "more is better; the line spans all rounds"),
            "performance-latency.svg": latency_chart(results)}


def write(results, directory):
    for name, content in files(results).items():
        pathlib.Path(directory, name).write_text(content)


def differing(results, directory):
    """The names of files that are not what would be made."""
    def kept(name):
        path = pathlib.Path(directory, name)
        return path.read_text() if path.exists() else None
    return [name for name, content in files(results).items() if kept(name) != content]


def terminal_table(results):
    """The same figures for a terminal: one column each, aligned."""
    rows = [["", "Freshet", "nchan", "limit", "ratio", "goal"]]
    for figure in figures.FIGURES.values():
        if not any(figures.runs(results, figure.scene_of(name), name) for name in figures.SERVERS):
            continue
        of = figures.ratio(results, figure)
        medians = [with_unit(figure, figure.shown(figures.spread(results, figure, name).median))
                   for name in ("freshet", "nchan", "limit")]
        goal = f"{goal_words(figure)}: {'held' if figures.is_held(results, figure) else 'short'}" if figure.goal else ""
        rows.append([figure.title, *medians, f"{of.median:.2f}" if of.count else "–", goal])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(part.ljust(width) if i in (0, 5) else part.rjust(width)
                               for i, (part, width) in enumerate(zip(row, widths))).rstrip() for row in rows)


def main():
    parser = argparse.ArgumentParser(prog="bench/page.py", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where something differs")
    parser.add_argument("--docs", default=DOCS, metavar="DIRECTORY", help="where performance.json is, and all is made")
    options = parser.parse_args()
    results = read_results(pathlib.Path(options.docs, "performance.json"))
    if not options.check:
        write(results, options.docs)
        return 0
    wrong = differing(results, options.docs)
    for name in wrong:
        print(f"docs/{name} is not what docs/performance.json makes; ./dev bench --page makes it again")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
