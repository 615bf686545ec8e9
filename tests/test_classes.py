"""People find the class they mean."""

import json
import random
import shutil
import subprocess
from dataclasses import asdict

import pytest

from model.files.folders import REPOSITORY
from model.quickdraw.classes import CLASS_NAMES, UnknownClassError, find_class, find_classes, slug
from model.quickdraw.finding import letters_of, matches
from model.quickdraw.synonyms import NEAR, SAME


def test_there_are_345_classes_with_345_file_names():
    assert len(CLASS_NAMES) == len(set(CLASS_NAMES)) == len({slug(name) for name in CLASS_NAMES}) == 345


@pytest.mark.parametrize("class_name", CLASS_NAMES)
def test_every_class_is_found_under_its_own_name_and_its_slug(class_name):
    assert find_class(class_name) == find_class(slug(class_name)) == find_class(class_name.upper()) == class_name


@pytest.mark.parametrize(
    ("text", "class_name"),
    [
        ("Stop Sign", "stop sign"),
        ("stop_sign", "stop sign"),
        ("t-shirt", "t-shirt"),
        ("tshirt", "t-shirt"),
        ("mona lisa", "The Mona Lisa"),
        ("the eiffel tower", "The Eiffel Tower"),
        ("cats", "cat"),
        (" Cat ", "cat"),
        ("kitty", "cat"),
        ("aeroplane", "airplane"),
        ("doughnuts", "donut"),
        ("pineaple", "pineapple"),
        ("girafe", "giraffe"),
        ("UFO", "flying saucer"),
        ("tv", "television"),
        ("smartphone", "cell phone"),
        ("trousers", "pants"),
    ],
)
def test_other_spellings_are_understood(text, class_name):
    assert find_class(text) == class_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("dog+cat", "cat+dog"),
        ("Dogs + the Cat", "cat+dog"),
        ("stop_sign+APPLE+hotdogs", "apple+hot dog+stop sign"),
        ("dog+cat (superdeep)", "cat+dog (superdeep)"),
    ],
)
def test_a_mixture_is_found_by_its_parts_in_any_order_and_spelling(text, name):
    assert find_class(text, (*CLASS_NAMES, "cat+dog", "apple+hot dog+stop sign", "cat+dog (superdeep)")) == name


def test_a_text_means_one_class_or_several():
    assert find_classes("Stop Sign") == ("stop sign",)
    assert find_classes("puppy+dogs+ cat+dog") == ("dog", "cat")
    for text in ("cat+fries", "fries"):
        with pytest.raises(UnknownClassError, match="no class “fries”; did you mean “potato”"):
            find_classes(text)


def test_a_text_that_may_mean_several_classes_is_not_guessed():
    with pytest.raises(UnknownClassError, match="did you mean “tree” or “palm tree” or"):
        find_class("tre")
    with pytest.raises(UnknownClassError, match="did you mean “bee”"):
        find_class("ladybird")


@pytest.mark.parametrize(
    ("text", "first"),
    [("tre", "tree"), ("palm", "palm tree"), ("fries", "potato"), ("ladybird", "bee"), ("lisa", "The Mona Lisa")],
)
def test_the_best_match_comes_first(text, first):
    assert CLASS_NAMES[matches(text, CLASS_NAMES)[0].place] == first


def test_every_everyday_word_leads_to_one_class():
    words = [letters_of(word) for table in (SAME, NEAR) for name in table for word in table[name]]
    assert len(words) == len(set(words)) > 500 and not set(words) & {letters_of(name) for name in CLASS_NAMES}
    assert {*SAME, *NEAR} <= set(CLASS_NAMES)
    assert all(find_class(word) == name for name in SAME for word in SAME[name])


def test_the_page_finds_the_same_classes_in_the_same_order():
    if not (node := shutil.which("node")):
        pytest.skip("no Node on this machine")
    rng, words = random.Random(0), [word for table in (SAME, NEAR) for name in table for word in (name, *table[name])]
    texts = ["", "the", "+", "zzz", "Mona Lisa", "dog+cat", "x" * 99]
    for word in rng.sample(words, 60):
        at = rng.randrange(len(word))
        texts += [
            word[: at + 1],
            f"{word[:at]}{word[at + 1 :]}",
            f"{word[:at]}x{word[at:]}",
            f"{word[:at]}{word[at:][::-1]}",
        ]
    program = """
        import { finder } from "./studio/shared/finding.js";
        let text = "";
        for await (const part of process.stdin) text += part;
        const { names, words, texts } = JSON.parse(text);
        console.log(JSON.stringify(texts.map(finder(names, words))));
    """
    names = (*CLASS_NAMES, "cat+dog")
    table = {name: {"same": SAME.get(name, ()), "near": NEAR.get(name, ())} for name in names}
    done = subprocess.run(
        [node, "--input-type=module", "-e", program],
        cwd=REPOSITORY,
        input=json.dumps({"names": names, "words": table, "texts": texts}),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    for text, found in zip(texts, json.loads(done.stdout), strict=True):
        assert [asdict(match) for match in matches(text, names)] == found, text


def test_the_error_for_a_near_miss_suggests_the_class():
    with pytest.raises(UnknownClassError, match="did you mean “giraffe”"):
        find_class("jiraf")


@pytest.mark.parametrize("text", ["", "../../etc/passwd", "qqqqqqqqqq", "cat\x00", "x" * 100_000])
def test_the_error_for_nonsense_is_one_short_sentence(text):
    try:
        assert find_class(text) == "cat"
    except UnknownClassError as error:
        assert len(str(error)) < 200 and "\n" not in str(error)
