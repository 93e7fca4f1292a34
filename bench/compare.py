"""Measures the hub, the limit of the kernel and nchan in turn, round by round, and makes docs/performance.md and
its charts. With --quick: one round of less, for a rough look; docs stay as they are."""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import time

import figures
import generator
import page
import servers

QUICK_SECONDS = 105  # after so long --quick begins no further run
RUN_SECONDS = 180  # of one scene with one server, at most
# What is kept of a report.
KEPT = ("good", "failure", "streams", "connect_seconds", "published", "publish_seconds", "answer_p50_ms", "answer_p99_ms",
        "delivered", "expected", "delivery_seconds", "latency_p50_ms", "latency_p90_ms", "latency_p99_ms", "latency_p999_ms",
        "latency_max_ms", "server", "generator", *figures.WRONG)


class Progress:
    """A line on the terminal that says what is running and how long all will take; nothing in a pipe."""

    def __init__(self, runs):
        self.runs, self.done, self.took = runs, 0, {}
        self.shows = sys.stderr.isatty()
        self.begin()

    def begin(self):
        self.begun = time.monotonic()

    def expected(self, run):
        _, scene, server = run
        return self.took.get((scene, server), figures.SCENES[scene].seconds)

    def show(self):
        if not self.shows:
            return
        elapsed = time.monotonic() - self.begun
        round_number, scene, server = run = self.runs[self.done]
        left = max(self.expected(run) - elapsed, 0) + sum(map(self.expected, self.runs[self.done + 1:]))
        text = (f"{self.done + 1}/{len(self.runs)}, round {round_number + 1}: {scene}, {server}, {elapsed:.0f} s;"
                f" {left // 60:.0f} min {left % 60:.0f} s left")
        print(f"\r\033[K{text[:shutil.get_terminal_size().columns - 1]}", end="", file=sys.stderr, flush=True)

    def end(self, words):
        """The run is over; says so on a line of its own."""
        round_number, scene, server = self.runs[self.done]
        took = time.monotonic() - self.begun
        self.took[scene, server] = took
        self.done += 1
        if self.shows:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        print(f"round {round_number + 1}  {scene:<8} {server:<8} {took:5.1f} s  {words}", flush=True)


def output_of(*command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.stdout.strip()
    except OSError:
        return ""


def first(pattern, text):
    found = re.search(pattern, text, re.MULTILINE)
    return found.group(1).strip() if found else "unknown"


def machine():
    cpu = pathlib.Path("/proc/cpuinfo").read_text()
    memory = int(first(r"^MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text()))
    return {"cores": os.cpu_count(), "cpu": first(r"^model name\s*:\s*(.*)", cpu), "virtual": " hypervisor" in cpu,
            "memory_gib": round(memory / (1 << 20)),
            "system": first(r'^PRETTY_NAME="?([^"\n(]*)', pathlib.Path("/etc/os-release").read_text()),
            "kernel": first(r"^([0-9.]+)", platform.release()), "architecture": platform.machine()}


def versions(hub):
    package = lambda name: first(r"^(?:\d+:)?([0-9.]+)", output_of("dpkg-query", "-W", "-f", "${Version}", name))
    return {"Freshet": first(r"freshet (\S+)", output_of(hub, "--version")),
            "nginx": first(r"nginx/(\S+)", output_of("/usr/sbin/nginx", "-v")), "nchan": package("libnginx-mod-nchan"),
            "libev": package("libev4"), "gcc": first(r"([0-9.]+)$", output_of("gcc", "-dumpfullversion"))}


def brief(report):
    """A run in a few words."""
    cpu, parts = report["server"]["delivery_cpu_us"], []
    if report["expected"]:
        parts.append(f"{report['delivered'] / max(report['delivery_seconds'], 1e-9):,.0f} deliveries/s")
        parts.append(f"p99 {report['latency_p99_ms']:,.1f} ms")
    if report["publish_seconds"]:
        parts.append(f"{report['published'] / report['publish_seconds']:,.0f} events/s in")
    if cpu is not None and report["expected"]:
        parts.append(f"{cpu:.2f} µs")
    wrong = generator.faults(report)
    return ", ".join(parts) + (f"; NOT GOOD: {'; '.join(wrong)}" if wrong else "")


def measure(scene, server, load, options, progress):
    """One run; returns what is kept of its report."""
    progress.begin()
    progress.show()
    log = servers.LOGS / f"{scene}-{server.name}.log"
    try:
        with servers.running(server, log) as (process, port):
            report = generator.generate(options.load, server, load, process, port, RUN_SECONDS, progress.show)
        progress.end(brief(report))
        return {key: report[key] for key in KEPT if key in report}
    except (RuntimeError, OSError) as error:
        progress.end(f"NOT MEASURED: {error}; the log is {log}")
        return {"failure": str(error)}


def in_turn(scenes, rounds):
    """Every scene of a round with every server, each round beginning with another server."""
    for number in range(rounds):
        for scene in scenes:
            names = figures.SCENES[scene].servers
            for i in range(len(names)):
                yield number, scene, names[(i + number) % len(names)]


def play(options):
    known = {server.name: server for server in (servers.Hub(options.hub), servers.Limit(options.limit), servers.Nchan())}
    order = list(in_turn(options.scenes, options.rounds))
    runs, commands, progress = {}, {}, Progress(order)
    begun, left_out = time.monotonic(), []
    for _, scene, name in order:
        if options.quick and time.monotonic() - begun > QUICK_SECONDS:
            left_out.append(f"{scene} of {name}")
            continue
        load = figures.SCENES[scene].arguments(options.quick, options.smallest)
        report = measure(scene, known[name], load, options, progress)
        runs.setdefault(scene, {}).setdefault(name, []).append(report)
        commands.setdefault(scene, {})[name] = " ".join(["freshet", *generator.arguments(known[name], load)])
    if left_out:
        print(f"\nleft out, since the time was over: {', '.join(left_out)}")
    return {"measured": datetime.date.today().isoformat(), "rounds": options.rounds, "machine": machine(),
            "versions": versions(options.hub), "commands": commands, "runs": runs}


def read_options():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of less, in two minutes; writes nothing")
    parser.add_argument("--page", action="store_true", help="measure nothing: make page and charts from what is kept")
    parser.add_argument("--rounds", type=int, metavar="N", help="5, or more; less than 5 writes nothing")
    parser.add_argument("--scenes", metavar="A,B", help=f"only these of {','.join(figures.SCENES)}; writes nothing")
    parser.add_argument("--results", metavar="FILE", help="write what was measured there, in any case")
    parser.add_argument("--smallest", action="store_true", help="so little that it measures nothing, to see that all works")
    parser.add_argument("--hub", default=servers.HUB, metavar="PROGRAM", help="the hub")
    parser.add_argument("--load", default=servers.HUB, metavar="PROGRAM", help="the generator")
    parser.add_argument("--limit", default=servers.LIMIT, metavar="PROGRAM", help="the limit")
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick or options.smallest else 5)
    options.scenes = options.scenes.split(",") if options.scenes else list(figures.SCENES)
    for name in options.scenes:
        if name not in figures.SCENES:
            parser.error(f"no scene {name}; there are {', '.join(figures.SCENES)}")
    return options


def main():
    options = read_options()
    if options.page:
        page.write(page.read_results(), page.DOCS)
        return 0
    servers.prepare()
    whole = options.rounds >= 5 and len(options.scenes) == len(figures.SCENES) and not options.quick and not options.smallest
    results = play(options)
    if options.results:
        pathlib.Path(options.results).write_text(page.results_text(results))
    print("\n" + page.terminal_table(results))
    if whole:
        (page.DOCS / "performance.json").write_text(page.results_text(results))
        page.write(results, page.DOCS)
        print("\ndocs/performance.md, its charts and performance.json are written")
    elif options.quick:
        print("\nThese figures are rough: one round of little. ./dev bench measures.")
    else:
        print("\nNothing is written to docs: that takes five rounds of all scenes.")
    failed = [run for of in results["runs"].values() for run in of.get("freshet", []) if not run.get("good")]
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
