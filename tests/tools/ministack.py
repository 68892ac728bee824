"""Runs ministack for a while.

One rule: it listens on loopback only, for a bounded time, and only the process started here is ended.
"""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

READY_SECONDS = 60


@contextlib.contextmanager
def running():
    """Yields the endpoint of an empty ministack; on an error, its log goes to standard error."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="ministack-") as home, open(f"{home}/ministack.log", "w+b") as log:
        process = start(port, home, log)
        try:
            endpoint = f"http://127.0.0.1:{port}"
            wait_until_ready(process, endpoint)
            yield endpoint
        except BaseException:
            log.seek(0)
            sys.stderr.write(log.read().decode(errors="replace")[-4000:])
            raise
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=5)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(port, home, log):
    executable = shutil.which("ministack", path=str(pathlib.Path(sys.executable).parent))
    environment = os.environ | {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "LOG_LEVEL": "WARNING",
        "S3_DATA_DIR": f"{home}/s3",
        "TMPDIR": home,
    }
    return subprocess.Popen([executable], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def wait_until_ready(process, endpoint):
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"ministack ended early with status {process.returncode}")
        try:
            urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=2)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise SystemExit(f"ministack was not ready within {READY_SECONDS} s")
