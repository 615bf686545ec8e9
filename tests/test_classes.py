"""People find the class they mean."""

import pytest

from model.quickdraw.classes import CLASS_NAMES, UnknownClassError, find_class, find_classes, slug


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
    assert find_classes("dogs+ cat+dog") == ("dog", "cat")
    for text in ("cat+girafe", "girafe"):
        with pytest.raises(UnknownClassError, match="no class “girafe”; did you mean “giraffe”"):
            find_classes(text)


def test_the_error_for_a_near_miss_suggests_the_class():
    with pytest.raises(UnknownClassError, match="did you mean “giraffe”"):
        find_class("girafe")


@pytest.mark.parametrize("text", ["", "../../etc/passwd", "qqqqqqqqqq", "cat\x00", "x" * 100_000])
def test_the_error_for_nonsense_is_one_short_sentence(text):
    try:
        assert find_class(text) == "cat"
    except UnknownClassError as error:
        assert len(str(error)) < 200 and "\n" not in str(error)
