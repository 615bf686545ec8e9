"""python -m benchmarks.static: what drawing costs in the browser's engine, in milliseconds of one core, with Node.

Node has the JavaScript engine of Chromium. Processor time doesn't depend on what else the machine does.
"""

import argparse
import json
import subprocess

from model.files.folders import REPOSITORY

PROGRAM = """
import { readFileSync } from "node:fs";
import { Generator, drawBetween, useKernel } from "./studio/engine/engine.js";
import { readCheckpoint } from "./studio/engine/file.js";
const read = (name) => {
  const file = readFileSync(`./checkpoints/${name}.safetensors`);
  const content = file.buffer.slice(file.byteOffset, file.byteOffset + file.length);
  return new Generator(name, readCheckpoint(content, name).network);
};
function cost(work, rounds) {
  const times = [];
  for (let round = 0; round < rounds + 2; round++) {
    const began = process.cpuUsage();
    work(round);
    const { user, system } = process.cpuUsage(began);
    if (round > 1) times.push((user + system) / 1000);
  }
  return times.sort((one, other) => one - other)[Math.floor(times.length / 2)];
}
const found = { "read a checkpoint": cost(() => read("cat"), 9) };
const [cat, dog] = [read("cat"), read("dog")];
const draw = (count) => (round) => {
  for (let seed = 0; seed < count; seed++) cat.draw({ seed: 100 * round + seed });
};
for (const isPlain of [false, true]) {
  useKernel({ isPlain });
  const kind = isPlain ? "plain JavaScript" : "WebAssembly";
  const rounds = isPlain ? 3 : 9;
  for (const count of [1, 16, 64]) found[`${count} drawings, ${kind}`] = cost(draw(count), rounds);
  const mix = () => { for (let frame = 0; frame < 64; frame++) drawBetween(cat, dog, frame / 63, { seed: 7 }); };
  found[`64 frames from cat to dog, ${kind}`] = cost(mix, isPlain ? 1 : 5);
}
useKernel({});
const before = process.memoryUsage();
for (let turn = 0; turn < 300; turn++) (turn % 2 ? cat : dog).draw({ seed: turn });
found["MB more after 300 changes of class"] = (process.memoryUsage().arrayBuffers - before.arrayBuffers) / 1e6;
console.log(JSON.stringify(found));
"""


def main() -> None:
    argparse.ArgumentParser(prog="python -m benchmarks.static", description=__doc__).parse_args()
    command = ["node", "--input-type=module", "-e", PROGRAM]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, encoding="utf-8", check=True)
    for what, number in json.loads(done.stdout).items():
        print(f"{number:8.1f}  {what}")


if __name__ == "__main__":
    main()
