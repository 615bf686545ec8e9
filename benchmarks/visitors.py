"""A visitor without a browser: sends the requests that our page, or the page of a bare Gradio app, sends."""

import json
import random
import urllib.request
import uuid


class Visitor:
    def __init__(self, address: str):
        self.address, self.session = address, uuid.uuid4().hex
        config = json.loads(self._get("config"))
        self.components = {one["props"].get("elem_id"): one["id"] for one in config["components"]}

    def draw(self, class_name: str = "cat", count: int = 1) -> dict:
        """Request what a click on Generate requests."""
        return self._call("draw", "drawings", [class_name, [[random.randrange(10**6), count, 1, [0] * 5]]])

    def class_names(self) -> list[str]:
        return [tile["name"] for tile in self._call("draw", "catalog", [])["tiles"]]

    def show(self) -> None:
        """Request what a click in the bare app requests."""
        begun = json.loads(self._post("gradio_api/call/show", {"data": []}))
        self._get(f"gradio_api/call/show/{begun['event_id']}")

    def _call(self, component: str, function: str, data: list) -> dict:
        body = {
            "session_hash": self.session,
            "component_id": self.components[component],
            "fn_name": function,
            "data": data,
        }
        return json.loads(self._post("gradio_api/component_server", body))

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.address + path, timeout=120) as answer:
            return answer.read()

    def _post(self, path: str, body: dict) -> bytes:
        request = urllib.request.Request(
            self.address + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.read()
