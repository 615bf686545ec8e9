"""The command line does what it says, and answers mistakes with one sentence."""

import io
import re
import shlex
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from importlib import import_module
from pathlib import Path
from unittest.mock import Mock

import pytest
from PIL import Image

from benchmarks.harness.drawings import suns, write_class
from model.drawing.view import View
from model.files.checkpoint import read_card
from model.files.folders import REPOSITORY
from model.hub.errors import HubError
from model.quickdraw.classes import CLASS_NAMES
from tests.support.samples import SMALL, make_checkpoint
from train.cli import fleet_commands
from train.cli import main as cli
from train.cli.main import main, parse
from train.execution.execution import execute
from train.fleet.all_classes import plan_orders
from train.home import Home
from train.runs.order import Order
from train.runs.run import create_run, list_runs

QUICK_ALL = ["--minutes", "0.02", "--rows", "4", "--replace"]  # with so few drawings, nothing is measured
TINY = ["--discriminator", "doodle", "--channels", "6", "--z-dim", "8", "--batch-size", "8", "--no-from-base"]


def environment_of(home) -> dict[str, str]:
    """The environment of a process that works in this home, on one core and without a GPU."""
    settings = {"DOODLES_HOME": str(home.folder), "DOODLES_SOURCE": home.source, "PATH": "/usr/bin"}
    return settings | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


def start(home, module: str, *arguments: str) -> subprocess.CompletedProcess:
    """Run `python -m MODULE ARGUMENTS...` as a process, which takes some seconds to start."""
    command, environment = [sys.executable, "-m", module, *arguments], environment_of(home)
    return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, encoding="utf-8", timeout=600)


def run(home, module: str, *arguments: str) -> subprocess.CompletedProcess:
    """Run the same command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr("torch.cuda.is_available", lambda: False)
        for name, value in environment_of(home).items():
            patch.setenv(name, value)
        try:
            code = import_module(f"{module}.__main__").main(arguments)
        except SystemExit as error:
            code = error.code
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def test_train_then_draw(home, tmp_path):
    trained = start(home, "train", "Sun", "--steps", "4", "--replace", *TINY)
    assert trained.returncode == 0, trained.stderr
    assert "Done: “sun” can be drawn." in trained.stdout
    drawn = start(home, "model", "sun", "--seed", "7", "--count", "4", "--out", str(tmp_path / "suns.png"))
    assert drawn.returncode == 0, drawn.stderr
    with Image.open(tmp_path / "suns.png") as picture:
        assert picture.size == (56, 56)
    listed = run(home, "train", "--list").stdout
    assert "  sun: doodle, 240 drawings" in listed and "-sun-" in listed and "The Mona Lisa" in listed


def test_the_students_recipe_runs_end_to_end(home):
    trained = run(home, "train", "stop sign", "--recipe", "superdeep", "--epochs", "1")
    assert trained.returncode == 0, trained.stderr
    card = read_card(home.checkpoints / "stop-sign-superdeep.safetensors")
    assert card.class_name == "stop sign (superdeep)" and card.architecture["network"] == "superdeep"
    assert card.trained_on == {"stop sign": 32}


@pytest.mark.parametrize("pair", [("deep", "conv"), ("shallow", "dense")])
def test_the_smaller_pairs_train_too(home, pair):
    generator, discriminator = pair
    options = ["--generator", generator, "--discriminator", discriminator, "--dropout", "0.1", "--steps", "3"]
    trained = run(home, "train", "sun", "--recipe", "superdeep", "--name", generator, *options)
    assert trained.returncode == 0, trained.stderr
    assert read_card(home.checkpoints / f"{generator}.safetensors").architecture["network"] == generator


# What these commands require.
ARGUMENTS = {"study": ["cat"], "undo": ["cat"], "space": ["--repo", "you/doodles"], "site": ["out"]}


def commands(capsys) -> list[str]:
    """The commands that --help lists, aliases included."""
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    listed = re.findall(r"^    ([a-z-]+)(?: \((\w+)\))?(?: |$)", capsys.readouterr().out, re.MULTILINE)
    assert ended.value.code == 0 and len(listed) > 10
    return [name for names in listed for name in names if name]


def test_every_command_is_listed_and_has_its_own_help(capsys):
    names = commands(capsys)
    assert {"class", "base", "all", "list", "pairs", "feature-network", "guide"} <= set(names)
    for name in names:
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        assert ended.value.code == 0 and capsys.readouterr().out.startswith("usage: python -m train ")


def test_no_command_has_the_name_of_a_class(capsys):
    """So every class can be trained without a command before its name, even “train”."""
    assert not set(commands(capsys)) & set(CLASS_NAMES)
    assert parse(["train", "cat", "--steps", "3"]).classes == ["train", "cat"]
    assert parse(["--steps", "3", "cat"]).classes == ["cat"] == parse(["class", "cat"]).classes


def test_base_can_come_before_or_after_options():
    for arguments in (["base", "--steps", "3"], ["--steps", "3", "base"]):
        options = parse(arguments)
        assert (options.classes, options.steps) == (["base"], 3)


def test_after_ctrl_c_a_command_says_whether_it_can_be_continued(monkeypatch, capsys):
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    hints = {"class": "--resume last", "base": "--resume last", "all": "same command", "study": "same command"}
    for name in commands(capsys):
        options = parse([name, *ARGUMENTS.get(name, [])])
        options.run = interrupted
        monkeypatch.setattr(cli, "parse", lambda _, options=options: options)
        assert main([]) == 130
        errors = capsys.readouterr().err
        assert errors.count("\n") == 1 and hints.get(name, "interrupted.") in errors


@pytest.mark.slow
def test_an_interrupted_run_is_resumed_as_ordered(home):
    command = [sys.executable, "-m", "train", "sun", "--steps", "300", *TINY]
    training = subprocess.Popen(command, cwd=REPOSITORY, env=environment_of(home), stderr=subprocess.DEVNULL)
    while not any(path.stat().st_size for path in home.runs.glob("*/progress.jsonl")):
        assert training.poll() is None
        time.sleep(0.02)
    training.send_signal(signal.SIGSTOP)  # so that it doesn't finish too early
    second = run(home, "train", "--resume", "last")
    assert second.returncode == 2 and "is already in progress" in second.stderr
    training.send_signal(signal.SIGCONT)
    training.send_signal(signal.SIGINT)  # at once, because a fast machine soon finishes them all
    assert training.wait(300) == 0
    assert list_runs(home.runs)[0].status().state == "stopped"
    resumed = run(home, "train", "--resume", "last")
    assert resumed.returncode == 0, resumed.stderr
    assert list_runs(home.runs)[0].status().state == "done"
    assert list_runs(home.runs)[0].progress()[-1].step == 300


@pytest.fixture
def stopped(home):
    """A stopped run of the command line, with a snapshot."""
    order = Order("sun", ("sun",), home.source, num_steps=400, config=SMALL)
    begun = create_run(home.runs, order, begin=True)
    for _ in execute(begun, home):
        begun.ask_to_stop()
    assert begun.status().state == "stopped" and begun.snapshot_path.exists()
    return begun


def test_a_resumed_run_refuses_options_that_it_would_ignore(home, stopped):
    before, ordered = stopped.snapshot_path.read_bytes(), stopped.status().order
    fixed = ["--learning-rate 0.5", "--recipe superdeep", "--batch-size 8", "--rows 20000", "--seed 0", "--steps 9"]
    fixed += ["--also /nonexistent", "--no-from-base", "--epochs 1", "--name moon"]
    for option in fixed:
        done = run(home, "train", "--resume", "last", *option.split(), "--replace")
        flag = option.split()[0].replace("--no-", "--")
        assert done.returncode == 2 and f"can't change these options: {flag}. Leave" in done.stderr
        assert "--data, --device, --minutes, --push, --replace, --resume" in done.stderr
    for minutes, sentence in (("0", "give more --minutes"), ("-1", "give more --minutes"), ("99999", "not allowed")):
        done = run(home, "train", "--resume", stopped.id, "--minutes", minutes)
        assert done.returncode == 2 and sentence in done.stderr
    assert stopped.snapshot_path.read_bytes() == before
    assert stopped.status().state == "stopped" and stopped.status().order == ordered


def test_a_resumed_run_can_be_longer_replace_and_find_its_moved_drawings(home, stopped, tmp_path):
    moved = Path(home.source).rename(tmp_path / "moved")
    make_checkpoint(home.checkpoints, "sun")
    longer = ["--minutes", "0.05", "--replace", "--data", str(moved)]
    resumed = run(home, "train", "--resume", "last", *longer)
    assert resumed.returncode == 0, resumed.stderr
    order = stopped.status().order
    assert (order.seconds, order.num_steps, order.replace, order.source) == (3.0, None, True, str(moved))
    assert stopped.status().promotion == "promoted"


def test_every_command_finds_a_mixture_in_any_order_and_spelling(home, tmp_path, monkeypatch):
    trained = run(home, "train", "Suns+stop_sign", "--steps", "2", *TINY)
    assert trained.returncode == 0, trained.stderr
    assert read_card(home.checkpoints / "stop-sign+sun.safetensors").trained_on == {"sun": 240, "stop sign": 32}
    drawn = run(home, "model", "sun+Stop Sign", "--out", str(tmp_path / "mixture.png"))
    assert drawn.returncode == 0, drawn.stderr
    again = run(home, "train", "all", "--only", "sun+stop sign", *QUICK_ALL)
    assert again.returncode == 0 and "“stop sign+sun” can be drawn" in again.stdout
    pushed = Mock(side_effect=HubError("enough"))
    monkeypatch.setattr("train.cli.hub_commands.push", pushed)
    assert run(home, "train", "push", "sun+stop-sign", "--repo", "you/doodles").returncode == 2
    assert pushed.call_args.args[1] == [home.checkpoints / "stop-sign+sun.safetensors"]


@pytest.mark.parametrize(
    "options", ["--style -1.5,0,2", "--style -.5", "--sty -1,2", "--latent " + ",".join(["-0.1"] * 64), "--psi 0.5"]
)
def test_a_list_of_numbers_may_begin_with_a_minus(home, tmp_path, options):
    make_checkpoint(home.checkpoints, "cat", z_dim=64)
    done = run(home, "model", "cat", *options.split(), "--out", str(tmp_path / "cat.png"))
    assert done.returncode == 0, done.stderr
    refused = run(home, "model", "cat", "--keys", "-1,2")
    assert refused.returncode == 2 and "The seed -1 is not allowed" in refused.stderr


def test_a_name_with_a_minus_in_front_can_be_copied_but_not_given(home, tmp_path):
    make_checkpoint(home.checkpoints, "-glow")
    for view in (View("-glow", 3), View("-glow", keys=(1, 2), into="-glow")):
        out = tmp_path / "out.gif" if view.keys else tmp_path / "out.png"
        done = run(home, "model", "--out", str(out), *shlex.split(view.command())[3:])
        assert done.returncode == 0, done.stderr
    done = run(home, "train", "sun", "--name=-dawn", "--steps", "1")
    assert done.returncode == 2 and "begins with a minus" in done.stderr


def test_a_mixture_gets_the_name_from_the_command(home):
    trained = run(home, "train", "sun", "stop sign", "--name", "glow", "--steps", "2", *TINY)
    assert trained.returncode == 0, trained.stderr
    assert read_card(home.checkpoints / "glow.safetensors").trained_on == {"sun": 240, "stop sign": 32}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["jiraf"], "did you mean “giraffe”"),
        ([], "Which class?"),
        (["moon", "--steps", "1"], "no file “moon.npy”"),
        (["sun", "--steps", "0"], "0 steps are not allowed"),
        (["sun", "--minutes", "-1"], "minutes are not allowed"),
        (["sun", "--learning-rate", "7"], "--learning-rate is 7.0"),
        (["sun", "--name", "../sun"], "can't name a checkpoint"),
        (["sun", "--name", "Best"], "is reserved"),
        (["--resume", "nothing"], "no unfinished run"),
        (["sun", "--resume", "last"], "learns the same classes"),
        (["sun", "--depth", "5"], "have no option depth"),
        (["sun", "--recognition", "0.1", "--discriminator", "doodle"], "have no option recognition"),
        (["sun", "--channels", "2", "--steps", "1"], "needs 3 channels"),
        (["sun", "--data", "http://127.0.0.1:9/", "--steps", "1"], "no connection"),
        (["sun", "--channels", "5000", "--steps", "1"], "channels"),
        (["sun", "--recipe", "superdeep", "--depth", "2", "--steps", "1"], "4 to 12 layers"),
        (["sun", "--device", "cuda", "--steps", "1"], "no GPU"),
    ],
)
def test_mistakes_in_train_commands_get_one_sentence(home, arguments, sentence):
    done = run(home, "train", *arguments)
    assert done.returncode == 2
    message = done.stderr.splitlines()[-1]
    assert message.startswith("python -m train class: ") and sentence in message and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["blorp"], "There is no class “blorp”"),
        (["cat", "--seed", "-1"], "whole number from 0"),
        (["cat", "--psi", "9"], "from 0 to 2"),
        (["cat", "--count", "100"], "1 to 64"),
        (["cat", "--count", "100000000"], "1 to 64"),
    ],
)
def test_mistakes_in_draw_commands_get_one_sentence(home, arguments, sentence):
    make_checkpoint(home.checkpoints, "cat")
    done = run(home, "model", *arguments, "--out", str(home.folder / "out.png"))
    assert done.returncode == 2
    assert sentence in done.stderr and "Traceback" not in done.stderr
    assert not (home.folder / "out.png").exists()


def test_a_damaged_checkpoint_is_named_and_the_base_draws_instead(home, caplog):
    content = bytearray(make_checkpoint(home.checkpoints, "dog").read_bytes())
    content[-50] ^= 255
    (home.checkpoints / "dog.safetensors").write_bytes(content)
    done = run(home, "model", "dog", "--out", str(home.folder / "out.png"))
    assert done.returncode == 0 and "dog.safetensors is damaged" in caplog.text
    assert (home.folder / "out.png").exists()


def test_the_base_draws_a_class_without_a_checkpoint(home):
    done = run(home, "model", "giraffe", "--out", str(home.folder / "out.png"))
    assert done.returncode == 0, done.stderr


def test_all_trains_the_given_classes_and_does_nothing_when_repeated(home):
    command = ["train", "all", "--only", "sun", "stop sign", *QUICK_ALL]
    first = run(home, *command)
    assert first.returncode == 0, first.stderr
    assert "“sun” can be drawn" in first.stdout and "“stop sign” can be drawn" in first.stdout
    content = (home.checkpoints / "sun.safetensors").read_bytes()
    again = run(home, *command)
    assert again.returncode == 0 and again.stdout.count("is already done.") == 2
    assert (home.checkpoints / "sun.safetensors").read_bytes() == content


def test_all_continues_after_a_failure_and_lists_it(home):
    done = run(home, "train", "all", "--only", "moon", "sun", *QUICK_ALL)
    assert done.returncode == 1
    assert "  moon  There is no file “moon.npy”" in done.stdout and (home.checkpoints / "sun.safetensors").exists()


def test_all_lists_failed_classes_even_if_the_push_fails_too(home, monkeypatch):
    monkeypatch.setattr(fleet_commands, "push", Mock(side_effect=HubError("The Hub has trouble.")))
    done = run(home, "train", "all", "--only", "sun", "moon", *QUICK_ALL, "--push", "you/doodles")
    assert done.returncode == 2
    assert "  moon  There is no file “moon.npy”" in done.stdout and "The Hub has trouble." in done.stderr


def test_evaluate_compares_a_generator_with_real_drawings(home, tmp_path):
    make_checkpoint(home.checkpoints, "sun")
    done = run(home, "train", "evaluate", "sun", "--nearest", str(tmp_path / "nearest"))
    assert "come from the built-in evaluator alone. DoodleNet can't be fetched" in done.stderr
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("sun: top1 0 (") and "copy score" in done.stdout
    with Image.open(tmp_path / "nearest" / "sun.png") as picture:
        assert picture.width > picture.height


def test_classifiers_are_trained_by_command_and_then_used(home, tmp_path):
    for class_name in CLASS_NAMES:
        write_class(tmp_path / "all", class_name, suns(5))
    arguments = ["--images", "256", "--data", str(tmp_path / "all")]
    for command, name, options in (
        ("evaluator", "_evaluator", ["--channels", "4"]),
        ("feature-network", "_guide", []),
    ):
        done = run(home, "train", command, *options, *arguments)
        assert done.returncode == 0, done.stderr
        assert "of held-back drawings" in done.stdout
        assert (home.checkpoints / f"{name}.safetensors").exists()
    trained = run(home, "train", "sun", "--steps", "2", "--no-from-base")
    assert trained.returncode == 0, trained.stderr


def test_all_takes_every_class_with_enough_drawings_or_a_checkpoint(tmp_path):
    write_class(tmp_path / "all", "moustache", suns(600))
    write_class(tmp_path / "all", "yoga", suns(20))
    home = Home(tmp_path, str(tmp_path / "all"))
    orders, failures = plan_orders([], home, None, partial(Order, source=home.source, seconds=60.0))
    names = {order.class_name: order.class_names for order in orders}
    shipped = {card.class_name for card in map(read_card, (REPOSITORY / "checkpoints").glob("[!_]*.safetensors"))}
    assert set(names) == shipped | {"moustache"} and not failures
    assert names["cat+dog"] == ("cat", "dog") and names["moustache"] == ("moustache",)


def test_a_name_takes_over_no_class_and_no_mixture(home):
    make_checkpoint(home.checkpoints, "sun+stop sign")
    quick = ["--steps", "2", *TINY]
    for name, other in (
        ("Cat", "cat"),
        ("stop-sign", "stop sign"),
        ("zebra", "zebra"),
        ("Sun+Stop-sign", "sun+stop sign"),
    ):
        done = run(home, "train", "sun", "--name", name, *quick)
        assert done.returncode == 2 and not list_runs(home.runs)
        assert (
            "“sun”" in done.stderr and f"“{other}”" in done.stderr and "use another --name, or --replace" in done.stderr
        )
    again = run(home, "train", "stop sign", "--name", "Stop-sign", *quick)
    assert again.returncode == 0, again.stderr
    assert list_runs(home.runs)[0].status().order.class_name == "stop sign"
    forced = run(home, "train", "sun", "--name", "Cat", "--replace", *quick)
    assert forced.returncode == 0, forced.stderr
    card = read_card(home.checkpoints / "cat.safetensors")
    assert card.class_name == "cat" and card.trained_on == {"sun": 240}
    failed = run(home, "train", "all", "--only", "cat", "--minutes", "0.02", "--rows", "4")
    assert failed.returncode == 1 and "would replace “cat”, which learned from “sun”" in failed.stdout


@pytest.mark.parametrize("command", [["evaluator"], ["feature-network"], ["all"], ["evaluate", "sun"], ["sun"]])
def test_also_refuses_drawings_that_are_held_back(home, tmp_path, command):
    for also, sentence in ((home.source, "are held back"), (str(tmp_path / "nowhere"), "There is no folder")):
        done = run(home, "train", *command, "--also", also)
        assert done.returncode == 2 and sentence in done.stderr
