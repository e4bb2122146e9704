"""The Board in Chromium: first paint, filter and live changes, beside a table that a server renders."""
import json
import os
import subprocess

from figures import Figure

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def measure(program, quick):
    node = os.path.join(ROOT, "build/node/bin") + os.pathsep + os.environ["PATH"]
    said = subprocess.run(["node", os.path.join(ROOT, "bench/ui.mjs"), program] + ["--quick"] * quick, check=True,
                          stdout=subprocess.PIPE, env={**os.environ, "PATH": node}).stdout
    return [Figure(**figure) for figure in json.loads(said)]
