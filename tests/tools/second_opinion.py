#!/usr/bin/env python3
"""Runs the demo with DynamoDB, S3, Secrets Manager and KMS of ministack; given a filter, end-to-end tests too.

A second opinion on the local stack's own stand-ins: what passes there must pass here, with nothing but the endpoint
changed (see infra/local/src/cloud/emulator.rs). Usage: second_opinion.py [NEXTEST FILTER]
"""

import os
import subprocess
import sys

import ministack

MINUTES = 10


def run(endpoint, *command):
    print("+", " ".join(command), flush=True)
    environment = os.environ | {"ATOMATION_EMULATOR": endpoint}
    subprocess.run(command, check=True, env=environment, stdin=subprocess.DEVNULL, timeout=MINUTES * 60)


def main():
    with ministack.running() as endpoint:
        run(endpoint, "cargo", "local", "demo", "--ephemeral")
        for tests in sys.argv[1:]:
            run(endpoint, "cargo", "nextest", "run", "--locked", "--workspace", "-E", tests)


if __name__ == "__main__":
    main()
