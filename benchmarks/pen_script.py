"""python -m benchmarks.pen_script: how long the page's scripts take to turn 16 drawings into strokes, with Node.

Prints milliseconds of one core for a frame of 16 drawings of a class, the median and the quickest of all frames, once
everything is compiled. The target is 8. Machines differ and are busy, so a fixed piece of arithmetic takes turns with
the frames, and the last figure is how many times as long a frame takes; compare versions by that.
"""

import argparse
import json
import subprocess
from dataclasses import asdict
from statistics import median

import numpy as np

from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.files.folders import REPOSITORY, checkpoint_folders, home_from_environment
from model.tracing.settings import DEFAULT

CLASSES = ("cat", "bicycle", "star", "eye", "face", "house")
PROGRAM = """
import { tracer } from "./studio/tracing/trace.js";
let text = "";
for await (const part of process.stdin) text += part;
const { settings, drawings } = JSON.parse(text);
const trace = tracer(settings);
const numbers = new Float64Array(4096);
function reference() {
  let sum = 0;
  for (let turn = 0; turn < 200; turn++)
    for (let at = 0; at < numbers.length; at++) sum += numbers[at] = numbers[at] * 0.5 + (at ^ turn);
  return sum;
}
const [times, references] = [[], []];
function timed(found, work) {
  const began = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(began);
  found.push((user + system) / 1000);
}
for (let round = 0; round < 5; round++)
  for (let from = 0; from + 16 <= drawings.length; from += 16) {
    timed(round ? times : [], () => { for (const drawing of drawings.slice(from, from + 16)) trace(drawing); });
    timed(round ? references : [], reference);
  }
console.log(JSON.stringify([times, references]));
"""


def main() -> None:
    argparse.ArgumentParser(prog="python -m benchmarks.pen_script", description=__doc__).parse_args()
    sampler = Sampler(checkpoint_folders(home_from_environment()))
    drawings = np.concatenate([sampler.draw_all(View(name, 0, 64).pictures()) for name in CLASSES])
    request = {"settings": asdict(DEFAULT), "drawings": drawings.reshape(len(drawings), -1).tolist()}
    command = ["node", "--input-type=module", "-e", PROGRAM]
    done = subprocess.run(
        command, cwd=REPOSITORY, input=json.dumps(request), capture_output=True, encoding="utf-8", check=True
    )
    times, references = json.loads(done.stdout)
    relative = f"{median(times) / median(references):.1f} times the reference"
    print(
        f"16 drawings: {median(times):.1f} ms (median), {min(times):.1f} ms (quickest frame), {relative}; target 8 ms"
    )


if __name__ == "__main__":
    main()
