"""What is compared: the scenes, the figures taken from their reports, the goals, and the arithmetic between rounds.
Knows nothing of processes and nothing of pages.

Results are {"rounds": N, "runs": {scene: {server: [report of round 1, …]}}, …}; a run that came to nothing is
{"failure": why}."""

import statistics

SERVERS = ("freshet", "limit", "nchan")


class Scene:
    """Generator's options in full and, for --quick, what is different; which servers play it; a first guess
    of the seconds that one of them takes."""

    def __init__(self, title, load, quick, servers=SERVERS, seconds=15):
        self.title, self.load, self.quick, self.servers, self.seconds = title, load, quick, servers, seconds

    def arguments(self, quick=False, smallest=False):
        load = self.load | (self.quick if quick else {})
        if smallest: # shows that it works, measures nothing
            load = load | {"settle": "100ms", "rate": 0, "subscribers": min(load["subscribers"], 20), "events": min(load["events"], 100)}
        return [part for name, value in load.items() for part in (f"--{name}", str(value))]


SCENES = {
    "steady": Scene("10,000 subscribers, 150 bytes, 5 events a second",
                    {"subscribers": 10000, "size": 150, "events": 50, "rate": 5, "settle": "2s"},
                    {"subscribers": 4000, "events": 20, "settle": "1s"}, seconds=18),
    "single": Scene("1,000 subscribers, published without pause, one request at a time",
                    {"subscribers": 1000, "size": 150, "events": 2000}, {"events": 500}, seconds=25),
    "batches": Scene("1,000 subscribers, published without pause, 100 events a request",
                     {"subscribers": 1000, "size": 150, "events": 10000, "batch": 100}, {"events": 3000},
                     ("freshet", "limit"), seconds=20),
    "answers": Scene("10 subscribers, published without pause on one connection",
                     {"subscribers": 10, "size": 150, "events": 30000}, {"events": 10000}, seconds=8),
    "ingest": Scene("no subscriber, 100 events a request",
                    {"subscribers": 0, "size": 150, "events": 2000000, "batch": 100}, {"events": 500000},
                    ("freshet", "limit"), seconds=10),
    "storm": Scene("10,000 subscribers leave, 100 events are published, all come back at once",
                   {"when": "return", "subscribers": 10000, "size": 150, "events": 100, "settle": "2s"},
                   {"subscribers": 4000, "settle": "1s"}, ("freshet", "nchan"), seconds=25),
}


def server(name):
    return lambda report: report["server"][name]


def rate(count, seconds):
    return lambda report: report[count] / report[seconds] if report[seconds] else None


class Figure:
    """of: report -> number or None. more: whether more is better. goal: ("ratio" to nchan or "value", how much).
    beside: the scene that nchan plays instead, where it can't play this one."""

    def __init__(self, title, unit, scene, of, more=False, goal=None, beside=None, digits=0):
        self.title, self.unit, self.scene, self.of, self.more = title, unit, scene, of, more
        self.goal, self.beside, self.digits = goal, beside, digits

    def scene_of(self, server):
        return self.beside if self.beside and server == "nchan" else self.scene

    def shown(self, value):
        return "–" if value is None else f"{value:,.{self.digits}f}"


FIGURES = {
    "delivery_cpu": Figure("CPU per delivered event", "µs", "steady", server("delivery_cpu_us"), goal=("ratio", 0.70),
                           digits=2),
    "p99": Figure("p99 of a delivery", "ms", "steady", lambda report: report["latency_p99_ms"], goal=("ratio", 0.60),
                  digits=1),
    "memory": Figure("own memory per idle subscriber", "B", "steady", server("bytes_per_stream"), goal=("value", 400)),
    "connect_cpu": Figure("CPU per connect", "µs", "steady", server("connect_cpu_us"), digits=1),
    "single": Figure("deliveries a second, one request at a time", "", "single", rate("delivered", "delivery_seconds"),
                     more=True, goal=("ratio", 5)),
    "batches": Figure("deliveries a second, ndjson batches of 100", "", "batches", rate("delivered", "delivery_seconds"),
                      more=True, beside="single"),
    "answers": Figure("answered publishes a second on one connection", "", "answers", rate("published", "publish_seconds"),
                      more=True, goal=("ratio", 4)),
    "ingest": Figure("ndjson events a second in", "", "ingest", rate("published", "publish_seconds"), more=True,
                     goal=("value", 400000)),
    "storm": Figure("storm: until all have their 100 events", "s", "storm", lambda report: report["delivery_seconds"],
                    digits=2),
    "storm_cpu": Figure("storm: CPU per delivered event", "µs", "storm", server("delivery_cpu_us"), digits=2),
}


def runs(results, scene, server):
    return results["runs"].get(scene, {}).get(server, [])


def values(results, figure, server):
    """One a round; None where the run was not finished."""
    return [None if run.get("failure") else figure.of(run) for run in runs(results, figure.scene_of(server), server)]


class Spread:
    """Median, least and greatest of what was measured."""

    def __init__(self, numbers):
        numbers = [number for number in numbers if number is not None]
        self.count = len(numbers)
        self.median = statistics.median(numbers) if numbers else None
        self.least = min(numbers, default=None)
        self.greatest = max(numbers, default=None)


def spread(results, figure, server):
    return Spread(values(results, figure, server))


def ratio(results, figure, to="nchan", of="freshet"):
    """One server's figure divided by another's in the same round."""
    pairs = zip(values(results, figure, of), values(results, figure, to))
    return Spread([ours / theirs for ours, theirs in pairs if ours is not None and theirs])


def measured(results, figure):
    """What the goal speaks of; None without a goal or a measurement."""
    if not figure.goal:
        return None
    return ratio(results, figure).median if figure.goal[0] == "ratio" else spread(results, figure, "freshet").median


def is_held(results, figure):
    value = measured(results, figure)
    if value is None:
        return False
    return value >= figure.goal[1] if figure.more else value <= figure.goal[1]


WRONG = ("lost", "repeated", "disordered", "damaged", "astray", "gaps", "streams_failed", "streams_ended")


def wrongs(results):
    """(scene, server, in how many rounds, what) for all that did not go as it must, in the scenes' order."""
    found = []
    for scene in SCENES:
        for name in SCENES[scene].servers:
            of = runs(results, scene, name)
            for kind in WRONG:
                counts = [run.get(kind) or 0 for run in of]
                if any(counts):
                    found.append((scene, name, sum(map(bool, counts)), f"{max(counts):,} {kind.replace('_', ' ')}"))
            failures = [run["failure"] for run in of if run.get("failure")]
            if failures:
                found.append((scene, name, len(failures), f"not finished: {failures[0]}"))
    return found
