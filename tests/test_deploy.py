"""One command creates or updates a Space for its hardware and leaves other files alone."""

import hashlib
import re

import pytest
from huggingface_hub import SpaceCard, SpaceHardware
from packaging.requirements import Requirement

from model.files.folders import REPOSITORY
from model.hub.errors import HubError
from model.quickdraw.classes import slug
from tests.support.hub import Hub, Repo
from tests.support.samples import make_checkpoint
from train.cli.main import main
from train.home import Home
from train.hub.messages import deploy_message
from train.hub.progress import Progress
from train.hub.push import push
from train.hub.space import deploy
from train.hub.space_files import PACKAGES, front_matter, space_files
from train.hub.space_plan import CurrentSpace, Source, plan_space

REPO = "you/endless-doodles"
NAME = f"spaces/{REPO}"
COLORS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
# The keys of a Space's front matter that the Hub documents, with their allowed values.
DOCUMENTED = {
    "title": str,
    "emoji": str,
    "colorFrom": COLORS,
    "colorTo": COLORS,
    "sdk": {"gradio", "docker", "static"},
    "sdk_version": re.compile(r"\d+\.\d+\.\d+"),
    "python_version": {"3.10.13", "3.12.12"},  # the versions that ZeroGPU has
    "app_file": str,
    "base_path": str,
    "short_description": re.compile(r".{10,60}"),
    "license": {"apache-2.0"},
    "fullWidth": bool,
    "header": {"mini", "default"},
    "pinned": bool,
    "thumbnail": re.compile(r"https://\S+\.png"),
    "models": list,
    "datasets": list,
    "tags": list,
    "suggested_hardware": {str(flavor.value) for flavor in SpaceHardware},
    "startup_duration_timeout": re.compile(r"\d+[mh]"),
    "preload_from_hub": list,
    "disable_embedding": bool,
    "custom_headers": dict,
    "hf_oauth": bool,
    "hf_oauth_scopes": list,
    "hf_oauth_expiration_minutes": int,
    "hf_oauth_authorized_org": str,
}
NEEDED = {"title", "emoji", "colorFrom", "colorTo", "sdk", "sdk_version", "python_version", "app_file", "license"}
NEEDED |= {"short_description", "datasets", "tags", "hf_oauth", "hf_oauth_scopes", "startup_duration_timeout"}

# The code of a Space as an earlier version deployed it, before model/, studio/ and train/ had folders.
FLAT = {
    "model": """
        __init__.py __main__.py base.py checkpoint.py classes.py collection.py discriminator.py evaluator.py
        exports.py generator.py guide.py guided.py hub.py images.py latents.py loaded.py nearest.py
        networks.py pairs.py per_class.py recogniser.py sampler.py strokes.py superdeep.py vector.py view.py
        weights.py
    """,
    "studio": """
        __init__.py api.py classes.py draw.css draw.html draw.js draw_tab.py film.js found.js found.py
        ink.js live.py morph.css morph.html morph.js morph_tab.py page.py parts.css parts.js picker.html
        picker.js pictures.py player.css player.html player.js run_view.py runs.css share.py style.css
        take.py theme.py tiles.py train_api.py train_script.py train_tab.py visitors.py wall.css wall.html
        wall.js wall_tab.py watchers.py wishes.py yours.css yours.html yours.js yours_tab.py
    """,
    "train": """
        __init__.py __main__.py augment.py base.py bursts.py cache.py cards.py classifier.py command.py
        commands.py console.py curves.py data.py drawings.py evaluate.py everything.py execute.py fetch.py
        fleet.py home.py loop.py losses.py metrics.py mlflow_store.py model_card.py order.py pairs.py
        publish.py push.py recipes.py record.py requests.py runs.py settings.py space.py space_files.py
        status.py study.py take_up.py tally.py task.py tidy.py track.py tracking.py turns.py worker.py
    """,
}


@pytest.fixture
def at_home(tmp_path, monkeypatch) -> Home:
    """An installation with two small checkpoints and nothing else."""
    monkeypatch.setattr("train.home.checkpoint_folders", lambda home: [home / "checkpoints"])
    for class_name in ("cat", "stop sign"):
        make_checkpoint(tmp_path / "checkpoints", class_name)
    return Home(tmp_path)


def the_space(hub: Hub) -> Repo:
    return hub.repos[NAME]


def variables(hub: Hub) -> dict[str, str]:
    return {each["key"]: each["value"] for each in the_space(hub).settings["variables"]}


def requirements(text: str) -> dict[str, Requirement]:
    lines = [line for line in text.splitlines() if line and not line.startswith("-")]
    return {Requirement(line).name: Requirement(line) for line in lines}


@pytest.mark.parametrize("hardware, collection", [("", ""), ("zero-a10g", ""), ("cpu-basic", "you/doodles")])
def test_the_front_matter_has_only_documented_keys(hub, at_home, hardware, collection):
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    if hardware:
        text = space_files(at_home, REPO, hardware, collection)["README.md"].decode()
    hub.validate(SpaceCard(text))
    keys = SpaceCard(text).data.to_dict()
    assert NEEDED <= keys.keys() <= DOCUMENTED.keys() and ("thumbnail" in keys) == bool(hardware)
    for key, value in keys.items():
        allowed = DOCUMENTED[key]
        if isinstance(allowed, re.Pattern):
            assert allowed.fullmatch(value), key
        else:
            assert isinstance(value, allowed) if isinstance(allowed, type) else value in allowed, key
    assert (REPOSITORY / keys["app_file"]).exists() and keys["hf_oauth_scopes"] == ["contribute-repos"]
    assert keys.get("suggested_hardware", "") == hardware and keys.get("models", []) == [collection] * bool(collection)


@pytest.mark.parametrize("hardware", ["cpu-basic", "zero-a10g", "t4-small"])
def test_the_pinned_versions_suit_the_app_and_the_hardware(at_home, hardware):
    ours = requirements((REPOSITORY / "requirements.txt").read_text(encoding="utf-8"))
    files = space_files(at_home, REPO, hardware)
    pinned = requirements(files["requirements.txt"].decode())
    assert pinned.keys() - {"spaces"} == ours.keys()
    for name in ("torch", "gradio"):
        (exact,) = pinned[name].specifier
        assert exact.operator == "==" and ours[name].specifier.contains(exact.version)
    assert str(pinned["gradio"].specifier) == f"=={front_matter(files['README.md'].decode())['sdk_version']}"
    torch = str(pinned["torch"].specifier)
    assert ("spaces" in pinned) == (hardware == "zero-a10g") == (torch == "==2.11.0")


def test_a_new_space_has_the_app_its_checkpoints_and_its_settings(hub, at_home):
    deployment = deploy(at_home, REPO)
    files = the_space(hub).at("main").files
    shipped = {
        path.relative_to(REPOSITORY).as_posix()
        for package in PACKAGES
        for path in (REPOSITORY / package).rglob("*")
        if path.suffix in (".py", ".js", ".css", ".html", ".png", ".svg")
    }
    assert shipped == {name for name in files if name.startswith(PACKAGES)}
    single = {"app.py", "LICENSE", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "requirements.txt", ".gitattributes"}
    single |= {f"docs/{path.name}" for path in (REPOSITORY / "docs").iterdir()}
    assert files.keys() - shipped == single | {"checkpoints/cat.safetensors", "checkpoints/stop-sign.safetensors"}
    settings = the_space(hub).settings
    assert (settings["sdk"], settings["hardware"], variables(hub)) == ("gradio", "zero-a10g", {"DOODLES_PROXY": "1"})
    assert deployment.is_new and deployment.url == f"{hub.url}/spaces/{REPO}"
    assert deployment.plan.files_to_write.keys() == files.keys() - {".gitattributes"}
    assert "is building now" in deploy_message(deployment) and "on zero-a10g" in deploy_message(deployment)


def test_weights_are_committed_first_and_all_code_in_one_commit(hub):
    deploy(Home(), REPO, "cpu-basic")
    *weights, code = the_space(hub).commits[1:]
    for version in weights:
        assert len(version.changed) < 100 and all(name.startswith("checkpoints/") for name in version.changed)
    assert "app.py" in code.changed and not [name for name in code.changed if name.startswith("checkpoints/")]
    assert {path.name for path in (REPOSITORY / "checkpoints").glob("*.safetensors")} <= {
        name.partition("/")[2] for version in weights for name in version.changed
    }


def test_an_unchanged_space_is_left_alone(hub, at_home):
    deploy(at_home, REPO)
    commits = len(the_space(hub).commits)
    hub.requests.clear()
    deployment = deploy(at_home, REPO)
    assert deployment.plan.is_empty and "nothing was changed" in deploy_message(deployment)
    assert len(the_space(hub).commits) == commits and all(request.startswith("GET") for request in hub.requests)


def test_an_update_deletes_old_files_and_none_of_the_owners(hub, at_home):
    deploy(at_home, REPO)
    by_hand = {"model/old.py": b"gone", "notes.md": b"mine", "checkpoints/zebra.safetensors": b"mine", "app.py": b"old"}
    the_space(hub).add("main", "by hand", by_hand)
    make_checkpoint(at_home.checkpoints, "cat", z_dim=9)
    plan = deploy(at_home, REPO, dry_run=True).plan
    assert plan.files_to_write.keys() == {"app.py", "checkpoints/cat.safetensors"}
    assert plan.files_to_delete == ("model/old.py",) and not plan.settings and not plan.hardware
    deploy(at_home, REPO)
    *_, weights, code = the_space(hub).commits
    assert weights.changed == ("checkpoints/cat.safetensors",) and set(code.changed) == {"app.py", "model/old.py"}
    assert {"notes.md", "checkpoints/zebra.safetensors"} <= code.files.keys() and "model/old.py" not in code.files


def test_a_space_with_the_flat_layout_gets_the_folders_and_keeps_its_owners_files(hub, at_home):
    code = {f"{package}/{name}": b"old" for package, names in FLAT.items() for name in names.split()}
    pictures = {f"docs/{name}.png": b"old" for name in ("page", "study-cat", "yours", "gone")}
    own = {"notes.md": b"mine", "data/x": b"mine", "model/notes.txt": b"mine", "docs/x": b"mine"}
    hub.create(NAME).add("main", "an earlier version", {**code, **pictures, **own, "app.py": b"old"})
    deploy(at_home, REPO)
    files = the_space(hub).at("main").files
    assert {name: files.get(name) for name in own} == own
    expected = space_files(at_home, REPO, "cpu-basic")  # what a Space reports if its hardware isn't known
    assert {name: content for name, content in files.items() if name not in own} == {
        ".gitattributes": files[".gitattributes"],
        **expected,
    }
    assert {"model/sampler.py", "studio/draw.js", "studio/film.js", "train/runs.py"} <= code.keys() - files.keys()
    assert deploy(at_home, REPO).plan.is_empty


def test_a_space_gets_no_tests_benchmarks_or_caches(at_home):
    for name in space_files(at_home, REPO, "cpu-basic"):
        package, *folders, last = name.split("/") if "/" in name else ("", name)
        assert package in ("", "checkpoints", "docs", *PACKAGES) and "__pycache__" not in folders
        assert not last.startswith((".", "test_")) and not last.endswith((".pyc", ".ts", ".map"))


def test_a_plan_holds_only_what_differs():
    files = {"app.py": b"new", "checkpoints/cat.safetensors": b"weights"}
    everything = plan_space(None, files, "cpu-basic", None)
    assert (everything.files_to_write, everything.settings) == (files, {"DOODLES_PROXY": "1"})
    assert everything.hardware == "cpu-basic" and not everything.files_to_delete
    hashes = {
        "app.py": hashlib.sha1(b"blob 3\0new").hexdigest(),
        "checkpoints/cat.safetensors": hashlib.sha256(b"weights").hexdigest(),
    }
    settings = {"DOODLES_PROXY": "0", "DOODLES_TRAINING": "0"}
    space = CurrentSpace("0" * 40, hashes, "cpu-basic", settings)
    assert plan_space(space, files, "cpu-basic", None).is_empty, "the owner's settings are kept"
    moved = plan_space(space, files, "t4-small", Source("you/doodles@v2", frozenset(), False))
    assert (moved.hardware, moved.settings) == ("t4-small", {"DOODLES_HUB": "you/doodles@v2"})
    left = plan_space(
        space, {"app.py": b"new"}, "cpu-basic", Source("you/doodles", frozenset({"cat.safetensors"}), False)
    )
    assert left.files_to_delete == ("checkpoints/cat.safetensors",), "the collection has it now"


def test_checkpoints_that_the_collection_has_are_left_out(hub, at_home):
    push("you/doodles", [at_home.checkpoints / "cat.safetensors"])
    deploy(at_home, REPO)
    assert "checkpoints/cat.safetensors" in the_space(hub).at("main").files
    deployment = deploy(at_home, REPO, collection="you/doodles")
    files = the_space(hub).at("main").files
    assert "checkpoints/cat.safetensors" not in files and f"checkpoints/{slug('stop sign')}.safetensors" in files
    assert variables(hub)["DOODLES_HUB"] == "you/doodles" and b"models: [you/doodles]" in files["README.md"]
    assert deployment.source == Source("you/doodles", frozenset({"cat.safetensors"}), False)
    assert "HF_TOKEN" not in deploy_message(deployment)
    hub.repos["models/you/doodles"].private = True
    again = deploy(at_home, REPO)
    assert again.plan.is_empty and again.source.is_private, "the Space knows its collection"
    assert "secret HF_TOKEN" in deploy_message(again)
    with pytest.raises(HubError, match="no collection you/nothing that you can see; push a class to it first"):
        deploy(at_home, REPO, collection="you/nothing")


def test_the_owners_settings_are_kept_and_new_hardware_gets_its_versions(hub, at_home):
    deploy(at_home, REPO)
    space = the_space(hub)
    space.settings["variables"] = [{"key": "DOODLES_PROXY", "value": "2"}, {"key": "DOODLES_TRAINING", "value": "0"}]
    assert b"torch==2.11.0\n" in space.at("main").files["requirements.txt"]
    deploy(at_home, REPO, "cpu-basic")
    assert b"torch==2.13.0\n" in space.at("main").files["requirements.txt"]
    assert space.settings["hardware"] == "cpu-basic"
    assert variables(hub) == {"DOODLES_PROXY": "2", "DOODLES_TRAINING": "0"}
    assert deploy(at_home, REPO).plan.is_empty, "it stays on its hardware"


def test_a_failed_update_leaves_the_old_app_and_the_next_one_completes_it(hub, at_home):
    deploy(at_home, REPO)
    space = the_space(hub)
    before = space.add("main", "by hand", {"app.py": b"old", "model/drawing/view.py": b"old"})
    make_checkpoint(at_home.checkpoints, "cat", z_dim=9)

    def interfere(progress: Progress) -> None:
        space.add("main", "by someone else", {"notes.md": b"quick"})

    with pytest.raises(HubError, match="Someone else"):
        deploy(at_home, REPO, report=interfere)
    files = space.at("main").files
    assert files["app.py"] == b"old" == files["model/drawing/view.py"] and files != before.files
    hub.faults = ["503@commit", "503@preupload", "429:0@commit"]
    deploy(at_home, REPO)
    files = space.at("main").files
    assert files["app.py"] == (REPOSITORY / "app.py").read_bytes() and files["notes.md"] == b"quick"


def test_a_failed_first_deployment_has_no_code_and_the_next_one_completes_it(hub, at_home):
    def interfere(progress: Progress) -> None:
        the_space(hub).add("main", "by someone else", {"README.md": b"!"})

    with pytest.raises(HubError, match="Someone else"):
        deploy(at_home, REPO, report=interfere)
    assert not [name for name in the_space(hub).at("main").files if name.endswith(".py")]
    deploy(at_home, REPO)
    assert {"app.py", "studio/page.py"} <= the_space(hub).at("main").files.keys()


def test_another_app_is_not_overwritten(hub, at_home):
    hub.create(NAME).add("main", "theirs", {"app.py": b"print('another')"})
    with pytest.raises(HubError, match="another app"):
        deploy(at_home, REPO)
    assert the_space(hub).at("main").files["app.py"] == b"print('another')"


def test_a_dry_run_changes_nothing(hub, at_home):
    deployment = deploy(at_home, REPO, "cpu-basic", dry_run=True)
    assert deployment.is_new and deployment.plan.hardware == "cpu-basic" and not hub.repos
    assert deploy_message(deployment).startswith("Would create")
    hub.create(NAME)
    assert not deploy(at_home, REPO, dry_run=True).is_new
    assert len(the_space(hub).commits) == 1 and not the_space(hub).settings.get("variables")


@pytest.mark.parametrize(
    "token, repo, fault, sentence",
    [
        ("hf_wrong", REPO, "", "doesn't accept this token"),
        ("hf_reader", REPO, "", "may not write to"),
        ("hf_you", "others/endless-doodles", "", "may not write to"),
        ("hf_you", REPO, "402@POST /api/repos/create", "free accounts can use --hardware zero-a10g"),
        ("hf_you", "nothing", "", "write owner/name"),
    ],
)
def test_errors_are_one_sentence(hub, at_home, monkeypatch, capsys, token, repo, fault, sentence):
    monkeypatch.setenv("HF_TOKEN", token)
    monkeypatch.setenv("DOODLES_HOME", str(at_home.folder))
    hub.faults = [fault] if fault else []
    assert main(["space", "--repo", repo, "--hardware", "cpu-basic"]) == 2
    error = capsys.readouterr().err.strip()
    assert sentence in error and error.count("\n") == 0 and token not in error
    assert not hub.repos


def test_unknown_hardware_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["space", "--repo", REPO, "--hardware", "toaster"])
    assert "zero-a10g" in capsys.readouterr().err
