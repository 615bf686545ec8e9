"""A link that is passed on shows its title and its picture, without scripts, also behind a proxy and in a Space."""

import io
import re

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from model.drawing.sampler import Sampler
from studio.head import link_pictures
from studio.head.link_pictures import LinkPictures
from studio.head.page_head import PageHead, page_address
from tests.support.samples import SHIPPED

HTML = (
    '<html><head><meta property="og:title" content="Gradio"/>\n<meta\n name="twitter:title" content="Gradio">'
    '<link rel="manifest" href="/manifest.json" /></head><body>' + "<p>doodles</p>" * 1000 + "</body></html>"
)


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    return Sampler([SHIPPED])


@pytest.fixture(scope="module")
def client(sampler) -> TestClient:
    routes = [Route("/", lambda _: HTMLResponse(HTML)), LinkPictures(sampler).route()]
    app = Starlette(routes=routes, middleware=[Middleware(PageHead, sampler)])
    return TestClient(app, base_url="http://doodles.example")


def tags(text: str) -> dict[str, str]:
    return dict(re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)">', text))


def test_a_link_shows_what_it_opens_instead_of_gradios_words(client):
    for query, title in (
        ("class=cat&seeds=7,12", "cat · Endless Doodles"),
        ("class=kitty&keys=7,12&into=dog", "cat into dog · Endless Doodles"),
        ("", "Endless Doodles"),
    ):
        text = client.get(f"/?{query}").text
        found = tags(text)
        assert found["og:title"] == title and "Gradio" not in text
        assert found["og:image"].startswith("http://doodles.example/gradio_api/link.png")
        answer = client.get(found["og:image"].replace("&amp;", "&"))
        assert answer.headers["content-type"] == "image/png"
        assert Image.open(io.BytesIO(answer.content)).size == (1200, 630) and len(answer.content) < 100_000


def test_the_same_link_always_has_the_same_picture_and_another_link_another(client, monkeypatch):
    one = client.get("/gradio_api/link.png?class=cat&seed=7&count=1").content
    other = client.get("/gradio_api/link.png?class=cat&seed=8&count=1").content
    monkeypatch.setattr(link_pictures, "link_picture", None)  # the first is served from memory
    assert client.get("/gradio_api/link.png?class=cat&seed=7&count=1").content == one != other


def test_a_bad_link_has_a_picture_too_and_puts_no_markup_on_the_page(client):
    text = client.get('/?class="><script>alert(1)</script>&keys=x').text
    assert "<script>" not in text and tags(text)["og:title"].endswith("Endless Doodles")
    assert client.get("/gradio_api/link.png?class=blorp&seed=-3&count=2").status_code == 200
    assert client.get("/gradio_api/link.png?class=" + "x" * 5000).status_code == 414


def test_only_some_pictures_are_kept(sampler, monkeypatch):
    monkeypatch.setattr(link_pictures, "MAX_KEPT", 2)
    pictures = LinkPictures(sampler)
    for seed in range(4):
        pictures.picture(f"class=cat&seed={seed}&count=1")
    assert len(pictures._kept) == 2


@pytest.mark.parametrize(
    ("headers", "environment", "address"),
    [
        ({"host": "one.example:7860"}, {}, "http://one.example:7860"),
        ({"host": "one.example", "x-forwarded-proto": "https"}, {"GRADIO_ROOT_PATH": "/a"}, "https://one.example/a"),
        ({"host": "x", "x-forwarded-host": "two.example, y"}, {}, "http://two.example"),
        ({"host": "x"}, {"GRADIO_ROOT_PATH": "https://three.example/b/"}, "https://three.example/b"),
        ({"host": "x"}, {"SPACE_HOST": "you-doodles.hf.space"}, "https://you-doodles.hf.space"),
        ({"host": '"><script>'}, {}, "http://localhost"),
    ],
)
def test_the_address_is_the_one_that_visitors_see(headers, environment, address):
    assert page_address(Headers(headers), "http", environment) == address


def test_the_page_is_compressed_as_the_browser_accepts_it(client):
    plain = client.get("/", headers={"Accept-Encoding": "identity"})
    for accepted, encoding in (("br, gzip", "br"), ("gzip", "gzip")):
        answer = client.get("/", headers={"Accept-Encoding": accepted})
        assert answer.text == plain.text and answer.headers["content-encoding"] == encoding
        assert int(answer.headers["content-length"]) < len(plain.content) / 4
    assert "content-encoding" not in plain.headers and "Accept-Encoding" in plain.headers["vary"]
