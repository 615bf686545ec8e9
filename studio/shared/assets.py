"""The page's scripts, each beside the Python that uses it.

Scripts are ES modules. Browsers get them from a route whose address holds a hash of all scripts, so that modules import
each other by relative paths, may be cached forever, and are never out of date.
"""

import hashlib
import json
from functools import cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from train.site.markup import STUDIO

FOREVER = "public, max-age=31536000, immutable"
_ROUTE = "gradio_api/scripts"  # in server-side rendering, Gradio passes on only what is below gradio_api/


def mounting(script: str, *events: str) -> str:
    """JavaScript for `js_on_load` of a component: its module, such as "draw/draw.js", is loaded and mounted.

    events: what the module triggers besides Gradio's own events; Gradio wants their names in this text.
    """
    component = f"{{ element, props, server, trigger, watch, events: {json.dumps(events)} }}"
    mounted = 'element.dataset.mounted = "";'  # tests wait for it
    return f"import({_module(script)}).then(({{ mount }}) => {{ mount({component}); {mounted} }});"


def calling(script: str, function: str, *arguments: object) -> str:
    """JavaScript for `js` of an event: a function of a module gets these arguments and then the inputs' values."""
    return f"async (...values) => (await import({_module(script)})).{function}(...{json.dumps(arguments)}, ...values)"


def script_routes() -> list[Route]:
    """For `launch(app_kwargs={"routes": ...})`."""
    return [Route(f"/{_ROUTE}/{{version}}/{{name:path}}", _serve)]


def preload_links(*folders: str) -> str:
    """HTML for the page's head: browsers load the modules of these folders at once, not one after the other."""
    names = [name for name in _scripts() if name.partition("/")[0] in folders]
    return "".join(f'<link rel="modulepreload" href="{_address(name)}">' for name in names)


@cache
def _scripts() -> dict[str, bytes]:
    """Every script by its path in `studio/`, as it was when the app started."""
    paths = sorted(STUDIO.rglob("*.js"))
    return {path.relative_to(STUDIO).as_posix(): path.read_bytes() for path in paths}


@cache
def _version() -> str:
    return hashlib.sha256(repr(_scripts()).encode()).hexdigest()[:16]


def _address(script: str) -> str:
    """Relative to the page, which may lie below a proxy's path."""
    assert script in _scripts(), script
    return f"{_ROUTE}/{_version()}/{script}"


def _module(script: str) -> str:
    return f'new URL("{_address(script)}", document.baseURI).href'


def _serve(request: Request) -> Response:
    content = _scripts().get(request.path_params["name"])
    if content is None:
        return Response(status_code=404)
    # A page that was opened before an update gets the new scripts, but doesn't keep them under the old address.
    caching = FOREVER if request.path_params["version"] == _version() else "no-store"
    return Response(content, media_type="text/javascript", headers={"Cache-Control": caching})
