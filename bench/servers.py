"""The servers that are measured. Each starts on a free port of 127.0.0.1, writes its log into a file, and ends with us."""

import contextlib
import ctypes
import http.client
import pathlib
import random
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
HUB = ROOT / "build" / "freshet"
LIMIT = ROOT / "build" / "bench" / "limit"
LOGS = ROOT / "build" / "bench-logs"
STOP_SECONDS = 20

# All that a reader needs and nothing that costs: no log, no limit on a connection's requests, a listener for each worker,
# and as much history as the hub keeps.
NGINX = """
load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
daemon off; pid {directory}/pid; error_log stderr warn;
worker_processes 2; worker_rlimit_nofile {files};
events {{ worker_connections {files}; }}
http {{
  access_log off; server_tokens off; keepalive_requests 1000000000;
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
  nchan_shared_memory_size 256M;
  server {{
    listen 127.0.0.1:{port} reuseport backlog=4096;
    location = /sub {{ nchan_subscriber eventsource; nchan_channel_id $arg_id; nchan_subscriber_first_message newest; }}
    location = /pub {{
      nchan_publisher http; nchan_channel_id $arg_id;
      nchan_message_buffer_length 1000; nchan_message_timeout 5m;
    }}
  }}
}}
"""
NGINX_FILES = 19000  # of the 20,000 that a process may have; half of the streams, at best, come to one worker


class Hub:
    """Freshet itself. Its preset is how the generator speaks to it."""

    name, title, preset = "freshet", "Freshet", "freshet"

    def __init__(self, program=HUB, options=("--workers", "2")):
        self.program, self.options = program, options

    def command(self, port, directory):
        return [self.program, "serve", "--listen", f"127.0.0.1:{port}", *self.options]

    def is_ready(self, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


class Listening:
    """Counts as ready when somebody listens."""

    def is_ready(self, port):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False


class Limit(Listening):
    """A loop of send and nothing else; it answers the hub's requests."""

    name, title, preset = "limit", "limit", "freshet"

    def __init__(self, program=LIMIT):
        self.program = program

    def command(self, port, directory):
        return [self.program, str(port)]


class Nchan(Listening):
    """nginx with nchan."""

    name, title, preset = "nchan", "nchan", "nchan"

    def command(self, port, directory):
        config = pathlib.Path(directory, "nginx.conf")
        config.write_text(NGINX.format(directory=directory, port=port, files=NGINX_FILES))
        return ["/usr/sbin/nginx", "-p", directory, "-c", config, "-e", "stderr"]


def prepare():
    """Once, before any: all sockets that we may have, a place for logs, and an end that runs `finally`."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    LOGS.mkdir(parents=True, exist_ok=True)


def free_port():
    """Below those that the kernel gives to connections, one of which might take it before the server does."""
    while True:
        port = random.randrange(10240, 32768)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def end_with_us():
    """In a child: the kernel ends it when this script is gone, however that came about."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def stop(process, seconds):
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def running(server, log):
    """Starts a server; gives its process and its port; a server that ends by itself is an error."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="freshet-bench-") as directory:
        command = server.command(port, directory)
        with open(log, "wb") as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                       preexec_fn=end_with_us)
        try:
            until = time.monotonic() + 10
            while not server.is_ready(port):
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"{server.title} did not start: {' '.join(map(str, command))}")
                time.sleep(0.05)
            yield process, port
            if process.poll() is not None:
                raise RuntimeError(f"{server.title} ended by itself, with status {process.returncode}")
        finally:
            stop(process, STOP_SECONDS)
