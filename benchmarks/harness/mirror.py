"""A mirror of the dataset on the loopback interface. It serves parts of files, and misbehaves on request."""

import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote


class Mirror:
    """Use it as a context manager. Each request uses up one of the `faults`; with none left, the mirror behaves.

    Faults: "404", "503", "html", "no-range", "wrong-part", "cut:<bytes>" (ends early), "liar" (a wrong total length),
    "stall:<seconds>" (answers late).
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.faults: list[str] = []
        self.requests: list[tuple[str, str]] = []
        self.sent = 0
        self.password = ""  # the header Authorization that it wants
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mirror.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/numpy_bitmap/"

    def __enter__(self) -> "Mirror":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        name = unquote(handler.path.rpartition("/")[2])
        self.requests.append((name, handler.headers.get("Range", "")))
        fault = self.faults.pop(0) if self.faults else ""
        if fault.startswith("stall:"):
            time.sleep(float(fault.partition(":")[2]))
        if self.password and handler.headers.get("Authorization") != self.password:
            handler.send_error(401)
            return
        path = self.folder / name
        if fault in ("404", "503") or not path.is_file():
            handler.send_error(int(fault or 404))
            return
        if fault == "html":
            self._send(handler, 200, b"<html><body>Please log in</body></html>", {"Content-Type": "text/html"})
            return
        content = path.read_bytes()
        requested = re.fullmatch(r"bytes=(\d+)-(\d+)", handler.headers.get("Range", ""))
        if fault == "no-range" or not requested:
            self._send(handler, 200, content, {})
            return
        start, stop = int(requested[1]), min(int(requested[2]) + 1, len(content))
        if start >= len(content):
            handler.send_error(416)
            return
        stated_start = 5 if fault == "wrong-part" else start
        total = len(content) + 784 if fault == "liar" else len(content)
        headers = {"Content-Range": f"bytes {stated_start}-{stop - 1}/{total}"}
        cut = int(fault.partition(":")[2]) if fault.startswith("cut:") else None
        self._send(handler, 206, content[start:stop], headers, cut)

    def _send(self, handler, status: int, content: bytes, headers: dict[str, str], cut: int | None = None) -> None:
        handler.send_response(status)
        for name, value in {"Content-Type": "application/octet-stream", **headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        try:  # the client may have given up by now
            handler.end_headers()
            self.sent += len(content[:cut])  # before the client has everything and checks this number
            handler.wfile.write(content[:cut])
        except ConnectionError:
            pass
        handler.close_connection = True
