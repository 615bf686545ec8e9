"""The page's scripts draw the same strokes as Python, at the same pace."""

import json
import shutil
import subprocess
from dataclasses import asdict

import numpy as np
import pytest

from benchmarks.harness.drawings import REAL_DRAWINGS, suns
from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.exports.self_drawing import HAND, schedule
from model.files.folders import REPOSITORY
from model.pen.strokes import trace
from model.tracing.settings import DEFAULT
from tests.support.samples import SHIPPED

PROGRAM = """
import { tracer } from "./studio/tracing/trace.js";
import { scheduleOf } from "./studio/shared/self_drawing.js";
let text = "";
for await (const part of process.stdin) text += part;
const { settings, hand, drawings } = JSON.parse(text);
const trace = tracer(settings);
console.log(JSON.stringify(drawings.map((drawing) => {
  const strokes = trace(drawing);
  return { strokes, schedule: scheduleOf(strokes, hand).lines.map(({ starts, ends }) => [starts, ends]) };
})));
"""


@pytest.fixture(scope="module")
def drawings() -> np.ndarray:
    """500 drawings: real ones where there are any, generated ones, noise, and a blank one."""
    sampler, rng = Sampler([SHIPPED]), np.random.default_rng(0)
    parts = [sampler.draw_all(View(name, 50, 60).pictures()) for name in ("cat", "bicycle", "star", "eye", "camel")]
    if REAL_DRAWINGS.is_dir():
        names = ("face", "house", "octopus", "guitar")
        parts += [np.load(REAL_DRAWINGS / f"{name}.npy", mmap_mode="r")[:48].reshape(-1, 28, 28) for name in names]
    noise = rng.integers(0, 256, (4, 28, 28)).astype(np.uint8)
    found = np.concatenate([*parts, noise, np.zeros((1, 28, 28), np.uint8), np.full((1, 28, 28), 255, np.uint8)])
    return np.concatenate([found, suns(500)])[:500]


@pytest.fixture(scope="module")
def answers(drawings) -> list:
    """The strokes of each drawing, and when a hand draws them, as the page's scripts find them."""
    if not (node := shutil.which("node")):
        pytest.skip("no Node on this machine")
    request = {
        "settings": asdict(DEFAULT),
        "hand": asdict(HAND),
        "drawings": drawings.reshape(len(drawings), -1).tolist(),
    }
    command = [node, "--input-type=module", "-e", PROGRAM]
    done = subprocess.run(
        command, cwd=REPOSITORY, input=json.dumps(request), capture_output=True, encoding="utf-8", check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("every", [10, pytest.param(1, marks=pytest.mark.slow)])
def test_the_page_draws_the_same_strokes_as_python_at_the_same_pace(drawings, answers, every):
    assert len(drawings) == len(answers) == 500
    for drawing, answer in list(zip(drawings, answers, strict=True))[::every]:
        expected, found = trace(drawing), answer["strokes"]
        assert [stroke["isClosed"] for stroke in found] == [stroke.is_closed for stroke in expected]
        for stroke, other in zip(expected, found, strict=True):
            assert np.allclose(stroke.points, other["points"], atol=1e-6) and list(stroke.corners) == other["corners"]
            assert stroke.ink == pytest.approx(other["ink"], abs=1e-6)
        plan = schedule(expected)
        assert np.allclose(answer["schedule"], list(zip(plan.starts, plan.ends, strict=True)), atol=1e-6)
