"""A local stack of one's own: started from the target folder, ended by its process."""

import json
import os
import pathlib
import select
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS = 120


def start():
    """Starts a stack; gives its process and what it says of itself."""
    program = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "local"
    if not program.exists():
        subprocess.run(["cargo", "build", "--quiet", "--locked", "--package", "local"], cwd=ROOT, check=True)
    stack = subprocess.Popen([program, "serve", "--json", "--ephemeral"], cwd=ROOT, stdout=subprocess.PIPE)
    ready, _, _ = select.select([stack.stdout], [], [], START_SECONDS)
    line = stack.stdout.readline() if ready else b""
    if not line.strip():
        stop(stack)
        sys.exit("the local stack did not say where it is")
    return stack, json.loads(line)


def stop(stack):
    stack.terminate()
    try:
        stack.wait(10)
    except subprocess.TimeoutExpired:
        stack.kill()
        stack.wait()
