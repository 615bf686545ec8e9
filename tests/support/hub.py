"""A loopback Hugging Face Hub with the endpoints that we use. It can misbehave on request."""

import base64
import hashlib
import itertools
import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest.mock import patch
from urllib.parse import parse_qs, unquote, urlsplit

import yaml
from huggingface_hub import RepoCard

TOKENS = {
    "hf_you": ("you", "write"),
    "hf_reader": ("you", "read"),
    "hf_visitor": ("visitor", "write"),
    "mock-oauth-token-for-local-dev": ("visitor", "write"),  # of Gradio's sign-in outside of Spaces
}
NAME = r"[\w.-]+/[\w.-]+"


@dataclass(frozen=True)
class Version:
    """A commit, with all files of the repo at that time. changed: the paths that it wrote or deleted."""

    oid: str
    title: str
    files: dict[str, bytes]
    changed: tuple[str, ...] = ()


@dataclass
class Repo:
    """branches: name to the hash of the last commit; pull requests are the branches refs/pr/N."""

    kind: str
    private: bool = False
    commits: list[Version] = field(default_factory=list)
    branches: dict[str, str] = field(default_factory=dict)
    settings: dict[str, object] = field(default_factory=dict)

    def add(self, branch: str, title: str, changes: dict[str, bytes | None]) -> Version:
        """Commit changes: path to content, None to delete the file."""
        files = dict(self.at(branch).files if branch in self.branches else {})
        for name, content in changes.items():
            files.pop(name, None)
            if content is not None:
                files[name] = content
        oid = hashlib.sha1(repr((time.time_ns(), title, sorted(files))).encode()).hexdigest()
        version = Version(oid, title, files, tuple(changes))
        self.commits.append(version)
        self.branches[branch] = oid
        return version

    def at(self, revision: str) -> Version:
        """A branch's last commit, or a commit by its hash. Raises StopIteration if there is none."""
        oid = self.branches.get(revision, revision)
        return next(version for version in self.commits if version.oid == oid)


class Refusal(Exception):
    def __init__(self, status: int, error: str, code: str = "", **headers: str):
        super().__init__(error)
        self.status, self.code, self.headers = status, code, headers


class Hub:
    """Use as a context manager. repos: "models/you/doodles" to Repo. requests: those received, as "GET /path".

    faults: each, written fault@text, happens once, to the first request whose method and path contain the text (any
    request without a text): "503", "429:<seconds>" (a RateLimit header), "retry:<seconds>" (a Retry-After header),
    "cut:<bytes>" (the answer breaks off), "slow:<seconds>", "tamper" (as many other bytes), "deaf" (the request is
    carried out, but the connection closes without an answer), "late:<status>" (it is carried out, but answered so).
    """

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.blobs: dict[str, bytes] = {}
        self.faults: list[str] = []
        self.requests: list[str] = []
        self.lock = threading.RLock()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                hub.answer(self)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> "Hub":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def environment(self, home: Path, token: str = "hf_you") -> dict[str, str]:
        """Variables that make a process use this Hub as the token's user. Uploads use LFS: there is no Xet here."""
        user = {"HF_TOKEN": token} if token else {"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}
        return {"HF_ENDPOINT": self.url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", **user}

    def validate(self, card: RepoCard) -> None:
        """Let huggingface_hub check a card. Raises ValueError."""
        with patch("huggingface_hub.constants.ENDPOINT", self.url):  # instead of the public Hub
            card.validate()

    def create(self, name: str = "models/you/doodles", private: bool = False) -> Repo:
        repo = Repo(name.partition("/")[0], private)
        repo.add("main", "initial commit", {".gitattributes": b"*.safetensors filter=lfs\n"})
        self.repos[name] = repo
        return repo

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length)
        split = urlsplit(handler.path)
        path = unquote(split.path)
        request = f"{handler.command} {path}"
        with self.lock:
            self.requests.append(request)
            place = next((i for i, fault in enumerate(self.faults) if fault.partition("@")[2] in request), None)
            fault = self.faults.pop(place).partition("@")[0] if place is not None else ""
        kind, _, number = fault.partition(":")
        if kind == "slow":
            time.sleep(float(number))
        status, headers, content = self._result(handler, path, parse_qs(split.query), body, kind, number)
        if kind == "deaf":
            handler.connection.close()
            return
        if kind == "tamper":
            content = bytes(byte ^ 1 for byte in content)
        try:
            handler.send_response(status)
            shared = {"Content-Length": str(len(content)), "Access-Control-Allow-Origin": "*"}  # as the real one does
            for name, value in (shared | headers).items():
                handler.send_header(name, value)
            handler.end_headers()
            if handler.command != "HEAD":
                handler.wfile.write(content[: int(number)] if kind == "cut" else content)
        except ConnectionError:
            pass

    def _result(
        self, handler: BaseHTTPRequestHandler, path: str, query: dict, body: bytes, kind: str, number: str
    ) -> tuple[int, dict[str, str], bytes]:
        try:
            if kind == "429":
                raise Refusal(429, "Too many requests", ratelimit=f'"api";r=0;t={number}')
            if kind == "retry":
                raise Refusal(429, "Too many requests", retry_after=number)
            if kind in ("402", "500", "502", "503"):
                raise Refusal(int(kind), "Payment required" if kind == "402" else "Internal error")
            with self.lock:
                status, headers, content = self._route(handler, path, query, body)
            if kind == "late":
                raise Refusal(int(number), "Bad gateway")
        except Refusal as refusal:
            headers = {"X-Error-Code": refusal.code, "X-Error-Message": str(refusal)} if refusal.code else {}
            headers |= {name.replace("_", "-"): value for name, value in refusal.headers.items()}
            status, content = refusal.status, {"error": str(refusal), "errors": [{"message": str(refusal)}]}
        if not isinstance(content, bytes):
            headers, content = {"Content-Type": "application/json", **headers}, json.dumps(content).encode()
        return status, headers, content

    def _route(self, handler: BaseHTTPRequestHandler, path: str, query: dict, body: bytes) -> tuple[int, dict, object]:
        user, right = self._user(handler)
        routes = {
            r"/api/whoami-v2": lambda: self._whoami(user, right),
            r"/api/repos/create": lambda: self._create(user, right, json.loads(body)),
            r"/api/validate-yaml": lambda: self._validate(**json.loads(body)),
            rf"/api/(models|spaces)/({NAME})(?:/revision/(.+))?": lambda *at: self._info(user, *at, "blobs" in query),
            rf"/api/spaces/({NAME})/variables": lambda name: self._variables(user, right, name, body),
            rf"/api/spaces/({NAME})/hardware": lambda name: self._hardware(user, right, name, json.loads(body)),
            rf"/api/(models|spaces)/({NAME})/preupload/(.+)": lambda *at: self._preupload(user, *at, json.loads(body)),
            rf"/api/(models|spaces)/({NAME})/commit/(.+)": lambda *at: self._commit(user, right, *at, query, body),
            rf"/(?:(spaces)/)?({NAME})\.git/info/lfs/objects/batch": lambda *_: self._batch(json.loads(body)),
            r"/lfs/(\w{64})": lambda oid: self._store(oid, body),
            r"/lfs/verify": dict,
        }
        for pattern, work in routes.items():
            if match := re.fullmatch(pattern, path):
                return 200, {}, work(*match.groups())
        if match := re.fullmatch(r"/cdn/(\w{64})", path):
            return self._part(handler, self.blobs[match[1]], {"ETag": f'"{match[1]}"'})
        if match := re.fullmatch(rf"/(?:(spaces)/)?({NAME})/resolve/((?:refs/pr/\d+)|[^/]+)/(.+)", path):
            return self._resolve(handler, user, *match.groups())
        raise Refusal(404, f"No such endpoint: {path}")

    def _user(self, handler: BaseHTTPRequestHandler) -> tuple[str, str]:
        token = handler.headers.get("Authorization", "").removeprefix("Bearer ")
        if token and token not in TOKENS:
            raise Refusal(401, "Invalid credentials in Authorization header")
        return TOKENS.get(token, ("", ""))

    def _whoami(self, user: str, right: str) -> dict[str, object]:
        if not user:
            raise Refusal(401, "Invalid username or password.")
        auth = {"type": "access_token", "accessToken": {"displayName": f"{user}-{right}", "role": right}}
        return {"name": user, "fullname": user, "type": "user", "avatarUrl": "", "orgs": [], "auth": auth}

    def _validate(self, content: str, repoType: str) -> dict[str, object]:
        """The Hub's rules for the metadata in a README."""
        try:
            about = yaml.safe_load(content.split("---\n")[1])
            needed = {"license", "tags"} | ({"sdk", "app_file"} if repoType == "space" else {"pipeline_tag"})
            texts = [about[key] for key in needed - {"tags"}]
            figures = []
            lists = [about.get(key, []) for key in ("tags", "datasets", "metrics", "models")]
            for index in about.get("model-index", []):
                texts.append(index["name"])
                for result in index["results"]:
                    texts += [result["task"]["type"], result["dataset"]["type"], result["dataset"]["name"]]
                    texts += [metric["type"] for metric in result["metrics"]]
                    figures += [metric["value"] for metric in result["metrics"]]
            well_formed = all(isinstance(text, str) for text in (*texts, *itertools.chain(*lists)))
            well_formed &= all(isinstance(figure, int | float) for figure in figures)
        except (LookupError, TypeError, AttributeError, yaml.YAMLError) as error:
            raise Refusal(400, f"Metadata that can't be read: {error!r}") from error
        if not well_formed:
            raise Refusal(400, "Metadata of another kind than documented")
        return {"errors": [], "warnings": []}

    def _create(self, user: str, right: str, request: dict) -> dict[str, str]:
        owner = request.get("organization") or user
        kind = f"{request.get('type') or 'model'}s"
        name = f"{kind}/{owner}/{request['name']}"
        if not user:
            raise Refusal(401, "Invalid username or password.")
        if owner != user or right != "write":
            raise Refusal(403, f"You don't have the rights to create a {request.get('type', 'model')} under {owner}")
        url = f"{self.url}/{'' if kind == 'models' else kind + '/'}{owner}/{request['name']}"
        if name in self.repos:
            raise Refusal(409, "You already created this repo", url=url)
        self.create(name, request.get("visibility") == "private").settings = request
        return {"url": url}

    def _repo(self, user: str, kind: str | None, name: str, revision: str | None) -> tuple[Repo, Version]:
        repo = self.repos.get(f"{kind or 'models'}/{name}")
        if repo is None or (repo.private and name.partition("/")[0] != user):
            raise Refusal(404, "Repository not found", "RepoNotFound") if user else Refusal(401, "Invalid username")
        try:
            return repo, repo.at(revision or "main")
        except StopIteration:
            raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound") from None

    def _info(self, user: str, kind: str, name: str, revision: str | None, with_blobs: bool) -> dict[str, object]:
        repo, version = self._repo(user, kind, name, revision)
        siblings = [{"rfilename": path} for path in sorted(version.files)]
        if with_blobs:
            siblings = [each | _blob(each["rfilename"], version.files[each["rfilename"]]) for each in siblings]
        about = {
            "id": name,
            "sha": version.oid,
            "private": repo.private,
            "siblings": siblings,
            "tags": [],
            "downloads": 0,
        }
        return about | {"runtime": self._runtime(repo)} if kind == "spaces" else about

    def _space(self, user: str, right: str, name: str) -> Repo:
        """A Space whose settings this user may read and change."""
        repo, _ = self._repo(user, "spaces", name, None)
        if right != "write" or name.partition("/")[0] != user:
            raise Refusal(403, "Forbidden: you must be an owner of the Space, or use a token with write access")
        return repo

    def _variables(self, user: str, right: str, name: str, body: bytes) -> dict[str, object]:
        variables = self._space(user, right, name).settings.setdefault("variables", [])
        if body:
            new = json.loads(body)
            variables[:] = [each for each in variables if each["key"] != new["key"]] + [new]
        return {each["key"]: {"value": each["value"]} for each in variables}

    def _hardware(self, user: str, right: str, name: str, request: dict) -> dict[str, object]:
        repo = self._space(user, right, name)
        repo.settings["hardware"] = request["flavor"]
        return self._runtime(repo)

    def _runtime(self, repo: Repo) -> dict[str, object]:
        flavor = repo.settings.get("hardware", "cpu-basic")
        return {"stage": "BUILDING", "hardware": {"current": None, "requested": flavor}}

    def _preupload(self, user: str, kind: str, name: str, revision: str, request: dict) -> dict[str, object]:
        _, version = self._repo(user, kind, name, revision)
        files = []
        for file in request["files"]:
            is_large = _is_large(file["path"])
            content = version.files.get(file["path"])
            oid = _oid(content, is_large) if content is not None else None
            mode = "lfs" if is_large else "regular"
            files.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        return {"files": files}

    def _batch(self, request: dict) -> dict[str, object]:
        objects = []
        for each in request["objects"]:
            actions = {
                "upload": {"href": f"{self.url}/lfs/{each['oid']}"},
                "verify": {"href": f"{self.url}/lfs/verify"},
            }
            objects.append(each if each["oid"] in self.blobs else {**each, "actions": actions})
        return {"transfer": "basic", "objects": objects}

    def _store(self, oid: str, body: bytes) -> dict[str, object]:
        if hashlib.sha256(body).hexdigest() != oid:
            raise Refusal(400, "The content has another hash")
        self.blobs[oid] = body
        return {}

    def _commit(
        self, user: str, right: str, kind: str, name: str, revision: str, query: dict, body: bytes
    ) -> dict[str, object]:
        repo, version = self._repo(user, kind, name, revision)
        create_pr = "create_pr" in query
        if not user:
            raise Refusal(401, "Invalid username or password.")
        if right != "write" or (
            name.partition("/")[0] != user and not create_pr and not revision.startswith("refs/pr/")
        ):
            raise Refusal(403, "Forbidden: you must be an owner of the repo, or use a token with write access")
        lines = [json.loads(line) for line in body.splitlines()]
        header, changes = lines[0]["value"], {}
        if header.get("parentCommit", version.oid) != version.oid:
            raise Refusal(412, "The branch has been updated since")
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "file":
                changes[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                changes[value["path"]] = self.blobs[value["oid"]]
            elif line["key"] == "deletedFile":
                changes[value["path"]] = None
        branch, links = revision, {}
        if create_pr:
            number = 1 + sum(other.startswith("refs/pr/") for other in repo.branches)
            branch = f"refs/pr/{number}"
            repo.branches[branch] = version.oid
            links = {"pullRequestUrl": f"{self.url}/{name}/discussions/{number}"}
        new = repo.add(branch, header["summary"], changes)
        return {"success": True, "commitOid": new.oid, "commitUrl": f"{self.url}/{name}/commit/{new.oid}", **links}

    def _resolve(
        self, handler: BaseHTTPRequestHandler, user: str, kind: str | None, name: str, revision: str, path: str
    ) -> tuple[int, dict, bytes]:
        _, version = self._repo(user, kind, name, revision)
        content = version.files.get(path)
        if content is None:
            raise Refusal(404, "Entry not found", "EntryNotFound", X_Repo_Commit=version.oid)
        is_large = _is_large(path)
        headers = {"X-Repo-Commit": version.oid, "ETag": f'"{_oid(content, is_large)}"'}
        if not is_large:
            return self._part(handler, content, headers)
        self.blobs.setdefault(_oid(content, True), content)
        linked = {"X-Linked-Size": str(len(content)), "X-Linked-ETag": headers["ETag"]}
        elsewhere = self.url.replace("127.0.0.1", "localhost")  # as on the real Hub, large files come from another host
        return 302, {**headers, **linked, "Location": f"{elsewhere}/cdn/{_oid(content, True)}"}, b""

    def _part(self, handler: BaseHTTPRequestHandler, content: bytes, headers: dict) -> tuple[int, dict, bytes]:
        part = re.fullmatch(r"bytes=(\d+)-(\d*)", handler.headers.get("Range", ""))
        if not part:
            return 200, headers, content
        start, stop = int(part[1]), int(part[2] or len(content) - 1) + 1
        content_range = f"bytes {start}-{min(stop, len(content)) - 1}/{len(content)}"
        return 206, {**headers, "Content-Range": content_range}, content[start:stop]


def _is_large(path: str) -> bool:
    """Whether the Hub stores a file in LFS, as it does with files that aren't text."""
    return path.endswith((".safetensors", ".png"))


def _blob(path: str, content: bytes) -> dict[str, object]:
    """The Hub's description of a file."""
    about = {"size": len(content), "blobId": _oid(content, False)}
    if not _is_large(path):
        return about
    sha256 = _oid(content, True)
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {len(content)}\n".encode()
    lfs = {"sha256": sha256, "size": len(content), "pointerSize": len(pointer)}
    return about | {"blobId": _oid(pointer, False), "lfs": lfs}


def _oid(content: bytes, is_large: bool) -> str:
    """The hash of a file in LFS, or of a blob in Git."""
    if is_large:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
