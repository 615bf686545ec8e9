"""The page's scripts draw the same strokes as Python."""

import json
import shutil
import subprocess
from dataclasses import asdict

import numpy as np
import pytest

from benchmarks.harness.drawings import REAL_DRAWINGS, suns
from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.files.folders import REPOSITORY
from model.pen.strokes import trace
from model.tracing.settings import DEFAULT
from tests.support.samples import SHIPPED

PROGRAM = """
import { tracer } from "./studio/tracing/trace.js";
let text = "";
for await (const part of process.stdin) text += part;
const { settings, drawings } = JSON.parse(text);
const trace = tracer(settings);
console.log(JSON.stringify(drawings.map((drawing) => trace(drawing))));
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
def strokes(drawings) -> list:
    if not (node := shutil.which("node")):
        pytest.skip("no Node on this machine")
    request = {"settings": asdict(DEFAULT), "drawings": drawings.reshape(len(drawings), -1).tolist()}
    command = [node, "--input-type=module", "-e", PROGRAM]
    done = subprocess.run(
        command, cwd=REPOSITORY, input=json.dumps(request), capture_output=True, encoding="utf-8", check=True
    )
    return json.loads(done.stdout)


def test_the_page_draws_the_same_strokes_as_python(drawings, strokes):
    assert len(drawings) == len(strokes) == 500
    for drawing, found in zip(drawings, strokes, strict=True):
        expected = trace(drawing)
        assert [stroke["isClosed"] for stroke in found] == [stroke.is_closed for stroke in expected]
        for stroke, other in zip(expected, found, strict=True):
            assert np.allclose(stroke.points, other["points"], atol=1e-6) and list(stroke.corners) == other["corners"]
            assert stroke.ink == pytest.approx(other["ink"], abs=1e-6)
