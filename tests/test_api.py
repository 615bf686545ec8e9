"""Programs get what the page shows. All other requests get an error in one sentence and have no effect."""

import asyncio
import base64
import contextlib
import http.client
import io
import itertools
import json
import socket
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from PIL import Image
from starlette.datastructures import Headers

from benchmarks.harness.attacks import COMPONENT_FUNCTIONS, ENDPOINTS, LARGE, NUMBERS, TEXTS
from model.drawing.latents import MAX_SEED
from model.drawing.look import Look
from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.exports.export import export
from model.files.folders import REPOSITORY
from model.quickdraw.images import cut
from studio.shared.export import two_at_once
from studio.shared.gate import is_own_page
from tests.support.browser_fixtures import running_app
from tests.support.samples import rendered

HARD = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ODD_NUMBERS, ODD_TEXTS = st.sampled_from(NUMBERS), st.sampled_from(TEXTS)
ODD = st.recursive(
    ODD_NUMBERS | ODD_TEXTS | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
LONG = st.sampled_from(LARGE)
ANY = ODD | LONG | st.sampled_from(["cat", 7, 1, [7, 12], [0.5]])


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """An app for this file alone, with a fresh home and tools for language models."""
    with running_app(tmp_path_factory.mktemp("app"), DOODLES_MCP="1") as running:
        yield running


@pytest.fixture(scope="module")
def client(site):
    return Client(site, verbose=False)


@pytest.fixture(scope="module")
def components(site):
    """The id of every component on the page that has a name."""
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


def test_programs_get_the_same_pixels_as_the_page(client):
    sampler = Sampler([REPOSITORY / "checkpoints"])
    four = client.predict("cat", 5, 4, 0.9, [1.0, -2.0], api_name="/draw")
    expected = sampler.draw_all(View("cat", 5, 4, 0.9, (1.0, -2.0)).pictures())
    assert np.array_equal(np.stack([drawn(url) for url in four]), expected)
    text = client.predict("cat", 5, 0.9, [1.0, -2.0], "ink", api_name="/svg")
    assert np.abs(rendered(text, 8).reshape(28, 8, 28, 8).mean((1, 3)) - expected[0]).mean() < 15
    view = View("cat", 5, 1, 0.9, (1.0, -2.0), look=Look("pen", 2))
    assert client.predict("cat", 5, 0.9, [1.0, -2.0], "pen", 2, api_name="/svg").encode() == export(
        sampler, view, "svg"
    )
    (strokes,) = client.predict("cat", 5, 1, 0.9, [1.0, -2.0], api_name="/strokes")
    assert strokes == json.loads(export(sampler, view, "ndjson"))
    for kind in ("ndjson", "transparent.png", "zip", "webp"):
        url = client.predict(kind, "cat", 5, 1, 0.9, [1.0, -2.0], "pen", 2, api_name="/file")
        assert base64.b64decode(url.partition(",")[2]) == export(sampler, view, kind)
    morph = client.predict("cat", [7, 12, 40], 1.0, "dog", api_name="/morph")
    frames = sampler.draw_all(View("cat", keys=(7, 12, 40), into="dog").pictures())
    sheet = Image.open(io.BytesIO(base64.b64decode(morph["sheet"].partition(",")[2])))
    assert np.array_equal(cut(sheet, morph["columns"])[: morph["frames"]], frames)


@pytest.mark.parametrize("seeds", [[7, 12], [7, 12, 40], [7, 7, 12, 3, 9]])
def test_a_morph_says_which_frames_are_its_key_drawings(site, components, seeds):
    arguments = {
        "session_hash": "x",
        "component_id": components["morph"],
        "fn_name": "morph",
        "data": ["cat", None, seeds, 0.8],
    }
    status, text = post(f"{site}gradio_api/component_server", arguments)
    morph = json.loads(text)
    sheet = Image.open(io.BytesIO(base64.b64decode(morph["sheet"].partition(",")[2])))
    drawings = cut(sheet, morph["columns"])
    alone = [View("cat", seed, psi=0.8).pictures() for seed in seeds]
    expected = Sampler([REPOSITORY / "checkpoints"]).draw_all(list(itertools.chain(*alone)))
    assert status == 200 and np.array_equal(drawings[morph["keys"]], expected)
    assert morph["keys"][0] == 0 and len(drawings[: morph["frames"]]) == morph["frames"]


def test_programs_see_all_classes_and_only_named_endpoints(client):
    known = {one["name"]: one for one in client.predict(api_name="/classes")}
    assert len(known) >= 345 and not known["cat"]["draft"] and known["cat"]["recognised"] > 0.5
    assert known["zebra"]["draft"] and known["zebra"]["recognised"] is None
    public = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert {"/draw", "/svg", "/strokes", "/file", "/morph", "/classes"} <= set(public) <= {
        "/draw", "/pick", "/svg", "/strokes", "/file", "/morph", "/classes", "/train", "/run"
    }  # fmt: skip


def test_language_models_have_the_same_tools(site):
    async def talk(url: str) -> tuple[list, object, object]:
        async with (
            streamablehttp_client(f"{url}gradio_api/mcp/") as (reads, writes, _),
            ClientSession(reads, writes) as one,
        ):
            await one.initialize()
            tools = (await one.list_tools()).tools
            sun = await one.call_tool("svg", {"class_name": "sun", "seed": 7, "look": "ink"})
            return tools, sun, await one.call_tool("draw", {"class_name": "</script>"})

    tools, sun, odd = asyncio.run(talk(site))
    described = {tool.name: tool for tool in tools}
    assert set(described) == {"draw", "pick", "svg", "strokes", "file", "morph", "classes", "train", "run"}
    for tool in tools:
        assert "Returns: " in tool.description
        assert all(one["description"] for one in tool.inputSchema["properties"].values())
    assert f"0 to {MAX_SEED}" in described["draw"].inputSchema["properties"]["seed"]["description"]
    expected = Sampler([REPOSITORY / "checkpoints"]).draw_all(View("sun", 7).pictures())
    assert not sun.isError
    assert np.abs(rendered(sun.content[0].text, 8).reshape(28, 8, 28, 8).mean((1, 3)) - expected[0]).mean() < 15
    assert odd.isError and "There is no class" in odd.content[0].text


def test_errors_say_what_is_wrong(client):
    for arguments, sentence in (
        (("blorp", 7), "There is no class"),
        (("cat", -1), "is not allowed"),
        (("cat", 1, 10**9), "ask for 1 to 64"),
        (("cat", 1, 1, 99.0), "Psi 99"),
        (("cat", 1, 1, 1.0, [1] * 6), "Up to 5"),
    ):
        with pytest.raises(Exception, match=sentence):
            client.predict(*arguments, api_name="/draw")


@st.composite
def spoiled(draw, good):
    """`good` with at least one part replaced by something odd, so that the other parts pass their checks."""
    data = list(good)
    for place in draw(st.sets(st.integers(0, len(data) - 1), min_size=1)):
        data[place] = draw(ANY)
    return data


# No training may start: a valid class comes with minutes that are refused.
ORDERS = st.tuples(ANY, ODD_NUMBERS.filter(lambda number: number is not True and number != 0.5))
ORDERS = (ORDERS | st.tuples(st.just("blorp"), ANY)).map(list)


@pytest.mark.parametrize(
    ("endpoint", "attacks"),
    [*((name, spoiled(good)) for name, good in ENDPOINTS.items()), ("train", ORDERS)],
)
def test_endpoints_answer_any_values_with_a_sentence(site, endpoint, attacks):
    @HARD
    @given(attacks)
    def attack(data):
        status, text = call(site, endpoint, data)
        assert status == 200 and "Traceback" not in text, (status, text)
        kind, _, answer = text.partition("\ndata: ")
        if kind == "event: error":
            sentence = json.loads(answer)["error"]
            assert isinstance(sentence, str) and len(sentence) < 400 and "\n" not in sentence.strip(), text
        else:
            assert kind == "event: complete" and endpoint not in ("train", "run"), text

    attack()
    status, text = call(site, "draw", ["cat", 7, 1, 1.0, [], False])
    assert status == 200 and "data:image/png" in text


@pytest.mark.parametrize("endpoint", ["draw", "pick", "svg", "strokes", "file", "morph", "classes", "train", "run"])
def test_endpoints_survive_data_of_the_wrong_shape(site, endpoint):
    for data in ([], {}, None, "cat", 7, [[]], [None] * 9, {"class_name": "cat"}):
        status, text = call(site, endpoint, data)
        assert status in (200, 400, 422) and "Traceback" not in text, (status, text)


def call(site, endpoint: str, data: object) -> tuple[int, str]:
    status, event = post(f"{site}gradio_api/call/{endpoint}", {"data": data})
    if status != 200:
        return status, event
    with urllib.request.urlopen(f"{site}gradio_api/call/{endpoint}/{json.loads(event)['event_id']}") as answer:
        return answer.status, answer.read().decode()


@pytest.mark.parametrize(("component", "function", "good"), COMPONENT_FUNCTIONS)
def test_the_pages_own_calls_answer_any_values(site, components, component, function, good):
    def check(data):
        body = {"session_hash": "x", "component_id": components[component], "fn_name": function, "data": data}
        status, text = post(f"{site}gradio_api/component_server", body)
        assert status in (200, 422) and "Traceback" not in text, (status, text)

    for place, odd in itertools.product(range(len(good)), [*NUMBERS, *TEXTS]):
        check([*good[:place], odd, *good[place + 1 :]])
    HARD(given(spoiled(good) | ANY)(check))()


@pytest.mark.parametrize(
    "sketch", [[None], ["x"], [[[["0.1", 0]]]], [[[[1e99, 0]]]], [[[[0.5, 0.5]] * 5000]], [], {"a": 1}, None, "x"]
)
def test_a_hostile_sketch_gets_a_sentence(site, components, sketch):
    body = {"session_hash": "x", "component_id": components["yours-pad"], "fn_name": "recognise", "data": sketch}
    status, text = post(f"{site}gradio_api/component_server", body)
    answer = json.loads(text)
    assert status == 200 and answer["top"] == [] and answer["message"].endswith("."), answer


def test_the_pages_private_events_reveal_nothing_and_start_nothing(site, home_folder):
    """Attack the events of Yours and Train. Gradio's own checks may refuse a request without a message."""
    with urllib.request.urlopen(site + "config") as answer:
        events = json.load(answer)["dependencies"]
    private = {
        event["api_name"].rstrip("_0123456789"): event  # one trigger of each handler
        for event in events
        if event["backend_fn"] and event["api_visibility"] == "private"
    }
    of_yours = {"find", "open_link", "variations", "choose", "morph_strip"}
    of_train = {"start", "stop", "resume", "train_longer", "discard", "poll", "attach", "watch", "scrub"}
    assert set(private) >= of_yours | of_train
    odd_ones = [*NUMBERS, *TEXTS, [], {"strokes": "x", "name": 7}, {"link": 7}, [7] * 10_000]
    for event, odd in itertools.product(private.values(), odd_ones):
        body = {"data": [odd] * len(event["inputs"]), "fn_index": event["id"], "session_hash": "x"}
        status, text = post(f"{site}gradio_api/run/predict", body)
        assert status in (200, 422, 500) and "Traceback" not in text and "site-packages" not in text, (status, text)
    assert not list(home_folder.glob("runs/*/run.json"))


def send(site, path: str, body: bytes, **headers: str) -> tuple[int, str]:
    """Send only a request's head and the first bytes of its body, then read the answer."""
    host, _, port = site.removeprefix("http://").rstrip("/").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    connection.putrequest("POST", f"/gradio_api/{path}", skip_host="Host" in headers)
    for name, value in ({"Content-Type": "application/json", "Content-Length": str(len(body))} | headers).items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(body)
    with contextlib.closing(connection), connection.getresponse() as answer:
        return answer.status, answer.read().decode()


def test_a_large_request_is_refused_before_it_is_read(site):
    status, text = send(site, "run/draw", b"{", **{"Content-Length": "40000000"})
    assert status == 413 and text == "The request is too large; send at most 1,000,000 bytes."
    chunks = b"".join(b"%x\r\n%s\r\n" % (50_000, b"x" * 50_000) for _ in range(21))  # without a length, or an end
    headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    with socket.create_connection(("127.0.0.1", int(site.rstrip("/").rpartition(":")[2])), 60) as connection:
        head = "\r\n".join(f"{name}: {value}" for name, value in headers.items())
        connection.sendall(f"POST /gradio_api/run/draw HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode() + chunks)
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_the_app_takes_no_files(site, components):
    gradio_files = {path for path in Path(tempfile.gettempdir(), "gradio").rglob("*") if path.is_file()}
    form = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nhello\r\n--b--\r\n'
    for path in ("upload", "upload/", "component_server", "process_recording"):
        status, text = send(site, path, form, **{"Content-Type": "multipart/form-data; boundary=b"})
        assert status == 403 and text == "The app takes no files; send JSON.", path
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{site}gradio_api/deep_link?session_hash=x")
    file = {"path": f"{site}gradio_api/info", "meta": {"_type": "gradio.FileData"}}
    for data in ([file], [["cat", {"deep": [file]}]]):
        assert post(f"{site}gradio_api/run/draw", {"data": data})[0] == 403
    assert {path for path in Path(tempfile.gettempdir(), "gradio").rglob("*") if path.is_file()} <= gradio_files


@pytest.mark.parametrize("path", ["run/train", "call/train", "queue/join", "component_server", "mcp/"])
def test_only_the_apps_own_page_and_programs_may_call_it(site, path):
    body, host = b'{"data": ["blorp"]}', site.removeprefix("http://").rstrip("/")
    own = [{}, {"Origin": f"http://{host}"}, {"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.a.proxy"}]
    foreign = [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": f"http://{host}0"}]
    foreign += [{"Origin": f"http://{host}", "Sec-Fetch-Site": site} for site in ("cross-site", "same-site")]
    public = {"Host": "doodles.example"}
    assert all(send(site, path, body, **headers)[0] != 403 for headers in own)
    for headers in (*foreign, *({**public, **headers} for headers in foreign)):
        status, text = send(site, path, body, **headers)
        assert status == 403 and "may not use this app" in text, headers
    assert send(site, path, body, **public, Origin="https://doodles.example")[0] != 403


def test_a_space_may_call_itself_from_its_frame():
    page = Headers({"Host": "10.0.0.1:7860", "Origin": "https://you-doodles.hf.space"})
    assert not is_own_page(page, {})
    assert is_own_page(page, {"SPACE_HOST": "you-doodles.hf.space"})
    assert is_own_page(page, {"SPACE_HOST": "doodles.example,you-doodles.hf.space"})
    assert is_own_page(page, {"GRADIO_ROOT_PATH": "https://you-doodles.hf.space/doodles"})
    assert not is_own_page(page, {"SPACE_HOST": "", "GRADIO_ROOT_PATH": "/doodles"})


@pytest.mark.parametrize(
    ("component", "data"),
    [
        ("draw", ["command", "cat", 7, 1, 1.0, [0.5], "", None, None]),
        ("morph", ["python", ["cat", "dog", [7, 12], 1.0], "", 1, "back", "", None]),
        ("yours-found", ["command", "cat", [0.0] * 64, "", None, None, None]),
    ],
)
def test_only_visitors_here_copy_the_folders_of_this_machine(site, components, home_folder, component, data):
    body = {"session_hash": "x", "component_id": components[component], "fn_name": "export", "data": data}
    here, elsewhere = (
        send(site, "component_server", json.dumps(body).encode(), **headers)
        for headers in ({}, {"X-Forwarded-For": "10.0.0.7"})
    )
    assert here[0] == elsewhere[0] == 200
    assert str(home_folder) in here[1] and str(home_folder) not in elsewhere[1]


def test_the_log_stays_short_whatever_is_sent(app, site):
    before = app.log.stat().st_size
    long = "x" * 900_000
    post(f"{site}gradio_api/run/draw", {"data": [long]})  # too few values
    post(f"{site}gradio_api/run/{long[:60_000]}", {"data": []})
    post(f"{site}gradio_api/run/draw", {"data": [[long[:600_000].replace("xx", "x\n")]]})  # 900 kB as JSON
    added = app.log.read_bytes()[before:]
    assert b"Traceback" in added and len(added) < 60_000
    assert max(map(len, added.decode().splitlines())) < 1100


def test_two_exports_run_at_the_same_time_and_the_others_wait():
    running, most, lock = 0, 0, threading.Lock()

    def export(request: object) -> dict[str, str]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return {"text": str(request)}

    async def all_at_once() -> list[dict[str, str]]:
        return await asyncio.gather(*map(two_at_once(export), range(12)))

    assert [answer["text"] for answer in asyncio.run(all_at_once())] == list(map(str, range(12)))
    assert most == 2


def test_the_attacks_wrote_no_files(site, home_folder):
    """After all the attacks above, the home holds only the app's own files and the one broken checkpoint."""
    files = {path.relative_to(home_folder).as_posix() for path in home_folder.rglob("*") if path.is_file()}
    assert files <= {"checkpoints/broom.safetensors", "runs/salt", "runs/create.lock"}
