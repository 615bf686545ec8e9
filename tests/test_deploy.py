"""One command makes a Space, or brings it up to date, with what its hardware takes, and breaks no Space of others."""

import re

import pytest
from huggingface_hub import SpaceCard, SpaceHardware
from packaging.requirements import Requirement

from model.files.checkpoint import REPOSITORY
from model.hub.client import HubError
from model.quickdraw.classes import slug
from tests.support.hub import Hub, Repo
from tests.support.samples import make_checkpoint
from train.cli.main import main
from train.home import Home
from train.hub.push import push
from train.hub.space import deploy
from train.hub.space_files import ROOMS, front_matter, space_files

REPO = "you/endless-doodles"
NAME = f"spaces/{REPO}"
COLORS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
# Keys of a Space's front matter, as the Hub documents them, with what they may be.
DOCUMENTED = {
    "title": str,
    "emoji": str,
    "colorFrom": COLORS,
    "colorTo": COLORS,
    "sdk": {"gradio", "docker", "static"},
    "sdk_version": re.compile(r"\d+\.\d+\.\d+"),
    "python_version": {"3.10.13", "3.12.12"},  # those that ZeroGPU has
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
def test_the_front_matter_says_only_what_the_hub_documents(hub, at_home, hardware, collection):
    text = (REPOSITORY / "README.md").read_text()
    if hardware:
        text = space_files(at_home, REPO, hardware, collection)["README.md"].decode()
    hub.validate(SpaceCard(text))
    said = SpaceCard(text).data.to_dict()
    assert NEEDED <= said.keys() <= DOCUMENTED.keys() and ("thumbnail" in said) == bool(hardware)
    for key, value in said.items():
        allowed = DOCUMENTED[key]
        if isinstance(allowed, re.Pattern):
            assert allowed.fullmatch(value), key
        else:
            assert isinstance(value, allowed) if isinstance(allowed, type) else value in allowed, key
    assert (REPOSITORY / said["app_file"]).exists() and said["hf_oauth_scopes"] == ["contribute-repos"]
    assert said.get("suggested_hardware", "") == hardware and said.get("models", []) == [collection] * bool(collection)


@pytest.mark.parametrize("hardware", ["cpu-basic", "zero-a10g", "t4-small"])
def test_the_pins_are_versions_that_the_app_and_the_hardware_take(at_home, hardware):
    ours = requirements((REPOSITORY / "requirements.txt").read_text())
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
    said = deploy(at_home, REPO)
    files = the_space(hub).at("main").files
    rooms = {
        path.relative_to(REPOSITORY).as_posix()
        for room in ROOMS
        for path in (REPOSITORY / room).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert rooms == {name for name in files if name.startswith(ROOMS)}
    alone = {"app.py", "LICENSE", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "requirements.txt", ".gitattributes"}
    alone |= {f"docs/{path.name}" for path in (REPOSITORY / "docs").iterdir()}
    assert files.keys() - rooms == alone | {"checkpoints/cat.safetensors", "checkpoints/stop-sign.safetensors"}
    settings = the_space(hub).settings
    assert (settings["sdk"], settings["hardware"], variables(hub)) == ("gradio", "zero-a10g", {"DOODLES_PROXY": "1"})
    assert said.startswith(f"{hub.url}/spaces/{REPO} builds now") and "zero-a10g" in said


def test_all_that_ships_goes_up_with_the_code_in_one_commit_behind_the_weights(hub):
    deploy(Home(), REPO, "cpu-basic")
    *weights, code = the_space(hub).commits[1:]
    for made in weights:
        assert len(made.changed) < 100 and all(name.startswith("checkpoints/") for name in made.changed)
    assert "app.py" in code.changed and not [name for name in code.changed if name.startswith("checkpoints/")]
    assert {path.name for path in (REPOSITORY / "checkpoints").glob("*.safetensors")} <= {
        name.partition("/")[2] for made in weights for name in made.changed
    }


def test_what_is_there_already_is_left_alone(hub, at_home):
    deploy(at_home, REPO)
    commits = len(the_space(hub).commits)
    hub.requests.clear()
    assert "nothing was changed" in deploy(at_home, REPO)
    assert len(the_space(hub).commits) == commits and all(asked.startswith("GET") for asked in hub.requests)


def test_an_update_takes_away_what_is_gone_and_nothing_of_others(hub, at_home):
    deploy(at_home, REPO)
    by_hand = {"model/old.py": b"gone", "notes.md": b"mine", "checkpoints/zebra.safetensors": b"mine", "app.py": b"old"}
    the_space(hub).add("main", "by hand", by_hand)
    make_checkpoint(at_home.checkpoints, "cat", z_dim=9)
    said = deploy(at_home, REPO, dry=True)
    assert "2 files" in said and "without 1 that" in said
    deploy(at_home, REPO)
    *_, weights, code = the_space(hub).commits
    assert weights.changed == ("checkpoints/cat.safetensors",) and set(code.changed) == {"app.py", "model/old.py"}
    assert {"notes.md", "checkpoints/zebra.safetensors"} <= code.files.keys() and "model/old.py" not in code.files


def test_classes_of_a_collection_are_left_to_it(hub, at_home):
    push("you/doodles", [at_home.checkpoints / "cat.safetensors"])
    deploy(at_home, REPO)
    assert "checkpoints/cat.safetensors" in the_space(hub).at("main").files
    told = []
    deploy(at_home, REPO, collection="you/doodles", tell=told.append)
    files = the_space(hub).at("main").files
    assert "checkpoints/cat.safetensors" not in files and f"checkpoints/{slug('stop sign')}.safetensors" in files
    assert variables(hub)["DOODLES_HUB"] == "you/doodles" and b"models: [you/doodles]" in files["README.md"]
    assert told[0] == "Classes that you/doodles has are left to it: 1." and "HF_TOKEN" not in " ".join(told)
    hub.repos["models/you/doodles"].private = True
    assert "nothing was changed" in deploy(at_home, REPO, tell=told.append), "the Space knows its collection"
    assert "secret HF_TOKEN" in told[-1]
    with pytest.raises(HubError, match="no collection you/nothing that you can see; push a class first"):
        deploy(at_home, REPO, collection="you/nothing")


def test_what_the_owner_has_set_stays_and_other_hardware_gets_other_pins(hub, at_home):
    deploy(at_home, REPO)
    space = the_space(hub)
    space.settings["variables"] = [{"key": "DOODLES_PROXY", "value": "2"}, {"key": "DOODLES_TRAINING", "value": "0"}]
    assert b"torch==2.11.0\n" in space.at("main").files["requirements.txt"]
    deploy(at_home, REPO, "cpu-basic")
    assert b"torch==2.13.0\n" in space.at("main").files["requirements.txt"]
    assert space.settings["hardware"] == "cpu-basic"
    assert variables(hub) == {"DOODLES_PROXY": "2", "DOODLES_TRAINING": "0"}
    assert "nothing was changed" in deploy(at_home, REPO), "it stays on the hardware that it has"


def test_a_break_halfway_leaves_the_app_as_it_was_and_the_next_try_goes_on(hub, at_home):
    deploy(at_home, REPO)
    space = the_space(hub)
    before = space.add("main", "by hand", {"app.py": b"old", "model/drawing/view.py": b"old"})
    make_checkpoint(at_home.checkpoints, "cat", z_dim=9)

    def interfere(sentence: str) -> None:
        space.add("main", "by somebody else", {"notes.md": b"quick"})

    with pytest.raises(HubError, match="Somebody else"):
        deploy(at_home, REPO, tell=interfere)
    files = space.at("main").files
    assert files["app.py"] == b"old" == files["model/drawing/view.py"] and files != before.files
    hub.faults = ["503@commit", "503@preupload", "429:0@commit"]
    deploy(at_home, REPO)
    files = space.at("main").files
    assert files["app.py"] == (REPOSITORY / "app.py").read_bytes() and files["notes.md"] == b"quick"


def test_a_first_try_that_breaks_off_has_no_half_app_and_the_next_one_goes_on(hub, at_home):
    made = []
    with pytest.raises(HubError, match="Somebody else"):
        deploy(at_home, REPO, tell=lambda sentence: made.append(the_space(hub).add("main", "web", {"README.md": b"!"})))
    assert made and not [name for name in the_space(hub).at("main").files if name.endswith(".py")]
    deploy(at_home, REPO)
    assert {"app.py", "studio/page.py"} <= the_space(hub).at("main").files.keys()


def test_another_app_is_not_overwritten(hub, at_home):
    hub.create(NAME).add("main", "theirs", {"app.py": b"print('another')"})
    with pytest.raises(HubError, match="another app"):
        deploy(at_home, REPO)
    assert the_space(hub).at("main").files["app.py"] == b"print('another')"


def test_a_dry_run_changes_nothing(hub, at_home):
    said = deploy(at_home, REPO, "cpu-basic", dry=True)
    assert said.startswith("Would create") and "on cpu-basic" in said and not hub.repos
    hub.create(NAME)
    assert deploy(at_home, REPO, dry=True).startswith("Would update")
    assert len(the_space(hub).commits) == 1 and not the_space(hub).settings.get("variables")


@pytest.mark.parametrize(
    "token, repo, fault, sentence",
    [
        ("hf_wrong", REPO, "", "does not know this token"),
        ("hf_reader", REPO, "", "may not write to"),
        ("hf_you", "others/endless-doodles", "", "may not write to"),
        ("hf_you", REPO, "402@POST /api/repos/create", "a free account may have --hardware zero-a10g"),
        ("hf_you", "nothing", "", "give it as owner/name"),
    ],
)
def test_what_goes_wrong_is_said_in_a_sentence(hub, at_home, monkeypatch, capsys, token, repo, fault, sentence):
    monkeypatch.setenv("HF_TOKEN", token)
    monkeypatch.setenv("DOODLES_HOME", str(at_home.folder))
    hub.faults = [fault] if fault else []
    assert main(["space", "--repo", repo, "--hardware", "cpu-basic"]) == 2
    said = capsys.readouterr().err.strip()
    assert sentence in said and said.count("\n") == 0 and token not in said
    assert not hub.repos


def test_hardware_that_the_hub_does_not_have_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["space", "--repo", REPO, "--hardware", "toaster"])
    assert "zero-a10g" in capsys.readouterr().err
