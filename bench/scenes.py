"""Plays scenes against a hub of its own, one after the other, and prints what was measured.

Each scene starts the hub on a free port of 127.0.0.1, lets `freshet bench` subscribe, publish and
check every delivery, and stops the hub."""

import argparse
import json
import os
import pathlib
import platform
import sys

import generator
import servers

MIB = 1 << 20
STREAM_LIMIT = 512  # bytes of the hub's own memory for an idle stream
WIDE_STREAM_LIMIT = 32 << 10  # for one with 256 channels that others watch too
CHANNEL_LIMIT = 1024  # for a channel with one event of 50 bytes
STUCK_MEMORY, STUCK_SPARE = 64 * MIB, 16 * MIB


class Scene:
    """What it shows, the generator's options, the hub's, and the figure that it is played for."""

    def __init__(self, title, load, serve="", figure=None, seconds=120):
        self.title, self.load, self.serve = title, load.split(), serve.split()
        self.figure, self.seconds = figure, seconds


# Figures: each turns a report into words, and into whether the project's limit holds.

def bounded(each, what, limit):
    if each is None:
        return "not measured", False
    return f"{each:,.0f} B {what}, of {limit:,}", each <= limit


def idle_stream(report):
    return bounded(report["server"]["bytes_per_stream"], "an idle stream", STREAM_LIMIT)


def wide_stream(report):
    return bounded(report["server"]["bytes_per_stream"], "an idle stream", WIDE_STREAM_LIMIT)


def small_channel(report):
    return bounded(report["server"]["bytes_per_channel"], "a channel with one event", CHANNEL_LIMIT)


def growth(report):
    server = report["server"]
    if server["own_peak"] is None or server["own_before"] is None:
        return "not measured", False
    grown = server["own_peak"] - server["own_before"]
    limit = STUCK_MEMORY + STUCK_SPARE
    return f"grew by {grown / MIB:.1f} MiB, of {limit // MIB}", grown <= limit


def channel(report):
    each = report["server"]["bytes_per_channel"]
    return ("not measured" if each is None else f"{each:,.0f} B a channel with 10 events"), True


def caught_up(report):
    return f"all had all after {report['delivery_seconds']:.2f} s", True


FANOUT = "--channels 1 --events 100 --size 150 --rate 5"
SCENES = {
    "fanout-10k": Scene("10,000 streams on one channel, 5 events a second",
                        f"--subscribers 10000 {FANOUT} --settle 2s", figure=idle_stream),
    "fanout-19k": Scene("19,000 streams on one channel, 5 events a second",
                        f"--subscribers 19000 {FANOUT} --settle 2s", figure=idle_stream),
    "stuck": Scene("1,000 readers stop reading while 200 MB is published; 100 others read on",
                   "--subscribers 100 --stuck 1000 --events 48829 --size 4096",
                   f"--memory {STUCK_MEMORY // MIB}M --history 1000000"
                   f" --history-bytes {STUCK_MEMORY // MIB}M --stall-timeout 10m",
                   figure=growth, seconds=300),
    "return": Scene("2,000 streams come back at once, 100 events behind",
                    "--when return --subscribers 2000 --events 100", figure=caught_up),
    "channels": Scene("100,000 channels with 10 events each; 1,000 of them are read back",
                      "--when after --channels 100000 --events 1000000 --publishers 16"
                      " --subscribers 1000 --stride 100 --subscribe-path /events/{channel}?from=earliest",
                      "--memory 2G --ttl 1h", figure=channel, seconds=240),
    "channels-1m": Scene("1,000,000 channels with an event each; 1,000 of them are read back",
                         "--when after --channels 1000000 --events 1000000 --size 50 --publishers 16"
                         " --subscribers 1000 --stride 1000 --subscribe-path /events/{channel}?from=earliest",
                         "--memory 1G --max-channels 1000000 --ttl 1h", figure=small_channel, seconds=240),
    "streams-wide": Scene("10,000 streams with 256 of 1,000 channels each",
                          "--channels 1000 --subscribers 10000 --per-stream 256 --stride 7"
                          " --events 1000 --rate 20 --settle 2s",
                          figure=wide_stream),
    "streams-channels": Scene("1,000 channels on 1,000 streams, one on each",
                              "--channels 1000 --subscribers 1000 --events 100000"),
    "streams-many": Scene("1,000 channels on 50 streams, 100 on each",
                          "--channels 1000 --subscribers 50 --per-stream 100 --events 20000"),
    "nopause": Scene("1,000 streams, 10,000 events without pause, one request at a time",
                     "--subscribers 1000 --events 10000 --size 150"),
}


WIDTHS = "{:<17}{:>8}{:>11}{:>12}{:>11}{:>9}{:>9}{:>9}{:>8}  {}"
HEADS = ("scene", "streams", "events/s", "deliveries", "a second", "p50 ms", "p99 ms", "max ms",
         "CPU µs", "besides")


def print_row(name, scene, report):
    cpu = report["server"]["delivery_cpu_us"]
    words, _ = scene.figure(report) if scene.figure else ("", True)
    rate = report["published"] / report["publish_seconds"] if report["publish_seconds"] else 0
    print(WIDTHS.format(name, f"{report['streams']:,}", f"{rate:,.0f}", f"{report['delivered']:,}",
                        f"{report['deliveries_per_second']:,.0f}",
                        *(f"{report[f'latency_{at}_ms']:,.2f}" for at in ("p50", "p99", "max")),
                        "" if cpu is None else f"{cpu:.2f}", words), flush=True)


def faults(scene, report):
    found = generator.faults(report)
    if scene.figure and not scene.figure(report)[1]:
        found.append("over the limit")
    return found


def play(name, options):
    """Plays one scene and prints its row; returns its report, and whether all was as it must be."""
    scene, log, report = SCENES[name], servers.LOGS / f"{name}.log", None
    hub = servers.Hub(options.hub, scene.serve + options.serve.split())
    try:
        with servers.running(hub, log) as (process, port):
            report = generator.generate(options.load, hub, scene.load, process, port, scene.seconds)
            print_row(name, scene, report)
            wrong = faults(scene, report)
    except (RuntimeError, OSError) as error:
        wrong = [str(error)]
    if wrong:
        print(f"{'' if report else name:<17}NOT GOOD: {'; '.join(wrong)}; the hub's log is {log}", flush=True)
    return report, not wrong


def read_options():
    parser = argparse.ArgumentParser(prog="./dev bench scenes", description=__doc__, epilog="scenes: " + "; "
                                     .join(f"{name}: {scene.title}" for name, scene in SCENES.items()))
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help="those to play, in order; all without any")
    parser.add_argument("--hub", default=servers.HUB, help="the hub's program")
    parser.add_argument("--load", default=servers.HUB, help="the generator's")
    parser.add_argument("--serve", default="", metavar="OPTIONS", help='more of the hub\'s options, such as "--workers 1"')
    parser.add_argument("--json", metavar="FILE", help="write all reports there")
    options = parser.parse_args()
    for name in options.scenes:
        if name not in SCENES:
            parser.error(f"no scene {name}; there are {', '.join(SCENES)}")
    return options


def main():
    options = read_options()
    servers.prepare()
    names, reports, all_good = options.scenes or list(SCENES), {}, True
    for name in names:
        print(f"{name:<17}{SCENES[name].title}")
    print(f"\n{os.cpu_count()} cores, Linux {platform.release()}, {platform.machine()}; latency from"
          " publishing to reading, CPU of the hub for a delivery\n")
    print(WIDTHS.format(*HEADS), flush=True)
    for name in names:
        reports[name], good = play(name, options)
        all_good = all_good and good
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(reports, indent=1) + "\n")
    print("\nevery event once and in order, every limit held" if all_good else "\nNOT GOOD")
    return 0 if all_good else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
