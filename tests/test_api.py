"""Programs get what the page shows; whatever else arrives is answered by a sentence, and nothing comes of it."""

import base64
import io
import json
import re
import urllib.error
import urllib.request

import numpy as np
import pytest
from gradio_client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from model.checkpoint import REPOSITORY
from model.images import cut
from model.sampler import Sampler
from model.view import View
from tests.test_page import site  # noqa: F401
from tests.test_vector import rendered

HARD = settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ODD_NUMBERS = st.sampled_from([-1, 2**32, 10**30, 1e99, -1e99, 0.5, float("nan"), float("inf"), True, None, "7", ""])
ODD_TEXTS = st.sampled_from(
    [
        "",
        "/",
        "../../etc/passwd",
        "<b>bold</b>",
        "c" * 5000,
        "\x00",
        "ｃａｔ",
        "cat\n",
        "_base",
        "cat.safetensors",
        "💥",
    ]
)
ODD = st.recursive(
    ODD_NUMBERS | ODD_TEXTS | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
LONG = st.sampled_from([[7] * 10_000, [[7, 1, 1, []]] * 10_000, "[" * 5000])
ANY = ODD | LONG | st.sampled_from(["cat", 7, 1, [7, 12], [0.5]])


@pytest.fixture(scope="module")
def client(site):  # noqa: F811
    return Client(site, verbose=False)


@pytest.fixture(scope="module")
def components(site):  # noqa: F811
    """Id of every component of the page that has a name."""
    with urllib.request.urlopen(site + "config") as answer:
        config = json.load(answer)
    return {one["props"].get("elem_id"): one["id"] for one in config["components"]}


def post(address: str, body: object) -> tuple[int, str]:
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def drawn(url: str) -> np.ndarray:
    return 255 - np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("L"))


def test_programs_get_the_very_pixels(client):
    sampler = Sampler([REPOSITORY / "checkpoints"])
    four = client.predict("cat", 5, 4, 0.9, [1.0, -2.0], api_name="/draw")
    expected = sampler.draw_all(View("cat", 5, 4, 0.9, (1.0, -2.0)).pictures())
    assert np.array_equal(np.stack([drawn(url) for url in four]), expected)
    text = client.predict("cat", 5, 0.9, [1.0, -2.0], api_name="/svg")
    assert np.abs(rendered(text, 8).reshape(28, 8, 28, 8).mean((1, 3)) - expected[0]).mean() < 15
    film = client.predict("cat", [7, 12, 40], 1.0, "dog", api_name="/morph")
    frames = sampler.draw_all(View("cat", keys=(7, 12, 40), into="dog").pictures())
    sheet = Image.open(io.BytesIO(base64.b64decode(film["sheet"].partition(",")[2])))
    assert np.array_equal(cut(sheet, film["columns"])[: film["frames"]], frames)


def test_programs_see_what_can_be_drawn_and_only_named_endpoints(client):
    known = {one["name"]: one for one in client.predict(api_name="/classes")}
    assert len(known) >= 345 and not known["cat"]["draft"] and known["cat"]["recognised"] > 0.5
    assert known["zebra"]["draft"] and known["zebra"]["recognised"] is None
    public = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert {"/draw", "/svg", "/morph", "/classes"} <= set(public) <= {
        "/draw", "/svg", "/morph", "/classes", "/train", "/run"
    }  # fmt: skip


def test_what_is_wrong_is_said(client):
    for asked, sentence in (
        (("blorp", 7), "There is no class"),
        (("cat", -1), "is not allowed"),
        (("cat", 1, 10**9), "ask for 1 to 64"),
        (("cat", 1, 1, 99.0), "Psi 99"),
        (("cat", 1, 1, 1.0, [1] * 6), "Up to 5"),
    ):
        with pytest.raises(Exception, match=sentence):
            client.predict(*asked, api_name="/draw")


@pytest.mark.parametrize("endpoint", ["draw", "svg", "morph", "classes"])
def test_endpoints_answer_whatever_arrives_with_a_sentence(site, endpoint):  # noqa: F811
    @HARD
    @given(st.lists(ANY, max_size=6) | ANY)
    def attack(data):
        status, begun = post(f"{site}gradio_api/call/{endpoint}", {"data": data})
        assert status != 500 and "Traceback" not in begun, begun
        if status == 200:
            with urllib.request.urlopen(f"{site}gradio_api/call/{endpoint}/{json.loads(begun)['event_id']}") as answer:
                said = answer.read().decode()
            assert re.match(r"event: (complete|error)\n", said) and "Traceback" not in said, said

    attack()


@pytest.mark.parametrize(
    ("component", "function"),
    [
        ("draw", "drawings"),
        ("draw", "open_link"),
        ("draw", "take_along"),
        ("draw", "screenful"),
        ("morph", "film"),
        ("morph", "take_along"),
        ("yours-pad", "look"),
    ],
)
def test_the_pages_own_calls_answer_whatever_arrives(site, components, component, function):  # noqa: F811
    kinds = {"drawings": 2, "take_along": 7, "film": 4}
    shaped = st.tuples(*[ANY] * kinds.get(function, 1)).map(list)

    @HARD
    @given(shaped | ANY)
    def attack(data):
        body = {"session_hash": "x", "component_id": components[component], "fn_name": function, "data": data}
        status, said = post(f"{site}gradio_api/component_server", body)
        assert status in (200, 422) and "Traceback" not in said, (status, said)

    attack()


def test_the_readmes_program_works(site, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    section = (REPOSITORY / "README.md").read_text().partition("## From programs")[2]
    program = section.partition("```python\n")[2].partition("```")[0]
    exec(compile(program.replace("http://127.0.0.1:7860", site), "README.md", "exec"), {})
    with Image.open(tmp_path / "cat.png") as picture:
        assert picture.size == (28, 28)
    assert (tmp_path / "cat.svg").read_text().startswith("<svg")
