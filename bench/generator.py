"""The load: `freshet bench`, which subscribes, publishes, checks every delivery and reports in JSON."""

import json
import subprocess

import servers


def arguments(server, load):
    """What follows the program's name, without what only this run knows: process, port, time."""
    return ["bench", "--hub", server.preset, *load]


def generate(program, server, load, process, port, seconds, waiting=None):
    """Runs the generator against a running server; returns its report, or raises in words what went
    wrong. waiting() is called now and then; without it the generator shows its own progress."""
    command = [program, *arguments(server, load), "--json", "--pid", str(process.pid),
               "--time-limit", f"{seconds}s", f"http://127.0.0.1:{port}"]
    errors = subprocess.PIPE if waiting else None
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True,
                          preexec_fn=servers.end_with_us) as load_process:
        output, said, waited = None, "", 0
        try:
            while output is None:
                try:
                    output, said = load_process.communicate(timeout=0.5)
                except subprocess.TimeoutExpired:
                    waited += 0.5
                    if waited > seconds + 30:
                        raise RuntimeError("the generator did not end in time") from None
                    if waiting:
                        waiting()
        finally:
            servers.stop(load_process, 1)
    if load_process.returncode not in (0, 1) or not output:
        said = (said or "").strip().splitlines()
        raise RuntimeError(f"the generator ended with status {load_process.returncode}" +
                           (f": {said[-1]}" if said else ""))
    return json.loads(output)


def faults(report):
    """All that is wrong with a run, in words."""
    kinds = ("lost", "repeated", "disordered", "damaged", "astray", "gaps", "streams_failed", "streams_ended")
    found = [f"{report[kind]:,} {kind.replace('_', ' ')}" for kind in kinds if report[kind]]
    if report["failure"]:
        found.append(report["failure"])
    if not report["good"] and not found:
        found.append("not complete")
    return found
