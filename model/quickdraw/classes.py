"""The 345 classes of the Quick, Draw! dataset, and finding the one that a text means."""

import re
from collections.abc import Container, Iterable

from rapidfuzz import fuzz, process

from model.quickdraw.finding import EXACT, MISSPELT, SAME_THING, Match, letters_of, matches, spellings

# Spelling and order are those of the dataset's file names (github.com/googlecreativelab/quickdraw-dataset).
_NAMES = """
The Eiffel Tower, The Great Wall of China, The Mona Lisa, aircraft carrier, airplane, alarm clock, ambulance, angel,
animal migration, ant, anvil, apple, arm, asparagus, axe, backpack, banana, bandage, barn, baseball, baseball bat,
basket, basketball, bat, bathtub, beach, bear, beard, bed, bee, belt, bench, bicycle, binoculars, bird, birthday cake,
blackberry, blueberry, book, boomerang, bottlecap, bowtie, bracelet, brain, bread, bridge, broccoli, broom, bucket,
bulldozer, bus, bush, butterfly, cactus, cake, calculator, calendar, camel, camera, camouflage, campfire, candle,
cannon, canoe, car, carrot, castle, cat, ceiling fan, cell phone, cello, chair, chandelier, church, circle, clarinet,
clock, cloud, coffee cup, compass, computer, cookie, cooler, couch, cow, crab, crayon, crocodile, crown, cruise ship,
cup, diamond, dishwasher, diving board, dog, dolphin, donut, door, dragon, dresser, drill, drums, duck, dumbbell, ear,
elbow, elephant, envelope, eraser, eye, eyeglasses, face, fan, feather, fence, finger, fire hydrant, fireplace,
firetruck, fish, flamingo, flashlight, flip flops, floor lamp, flower, flying saucer, foot, fork, frog, frying pan,
garden, garden hose, giraffe, goatee, golf club, grapes, grass, guitar, hamburger, hammer, hand, harp, hat,
headphones, hedgehog, helicopter, helmet, hexagon, hockey puck, hockey stick, horse, hospital, hot air balloon,
hot dog, hot tub, hourglass, house, house plant, hurricane, ice cream, jacket, jail, kangaroo, key, keyboard, knee,
knife, ladder, lantern, laptop, leaf, leg, light bulb, lighter, lighthouse, lightning, line, lion, lipstick, lobster,
lollipop, mailbox, map, marker, matches, megaphone, mermaid, microphone, microwave, monkey, moon, mosquito, motorbike,
mountain, mouse, moustache, mouth, mug, mushroom, nail, necklace, nose, ocean, octagon, octopus, onion, oven, owl,
paint can, paintbrush, palm tree, panda, pants, paper clip, parachute, parrot, passport, peanut, pear, peas, pencil,
penguin, piano, pickup truck, picture frame, pig, pillow, pineapple, pizza, pliers, police car, pond, pool, popsicle,
postcard, potato, power outlet, purse, rabbit, raccoon, radio, rain, rainbow, rake, remote control, rhinoceros, rifle,
river, roller coaster, rollerskates, sailboat, sandwich, saw, saxophone, school bus, scissors, scorpion, screwdriver,
sea turtle, see saw, shark, sheep, shoe, shorts, shovel, sink, skateboard, skull, skyscraper, sleeping bag,
smiley face, snail, snake, snorkel, snowflake, snowman, soccer ball, sock, speedboat, spider, spoon, spreadsheet,
square, squiggle, squirrel, stairs, star, steak, stereo, stethoscope, stitches, stop sign, stove, strawberry,
streetlight, string bean, submarine, suitcase, sun, swan, sweater, swing set, sword, syringe, t-shirt, table, teapot,
teddy-bear, telephone, television, tennis racquet, tent, tiger, toaster, toe, toilet, tooth, toothbrush, toothpaste,
tornado, tractor, traffic light, train, tree, triangle, trombone, truck, trumpet, umbrella, underwear, van, vase,
violin, washing machine, watermelon, waterslide, whale, wheel, windmill, wine bottle, wine glass, wristwatch, yoga,
zebra, zigzag
"""
CLASS_NAMES: tuple[str, ...] = tuple(" ".join(name.split()) for name in _NAMES.split(","))


class UnknownClassError(ValueError):
    """There is no such class. The message suggests similar names."""


SIMILARITY = 60  # percent that two names have in common for one to be suggested for the other
NUM_SUGGESTIONS = 3
NOT_A_NAME = "The class must be a name, such as “cat”."


def slug(class_name: str) -> str:
    """A class's file name without suffix: lower case, words joined by hyphens ("stop sign" -> "stop-sign")."""
    return re.sub(r"[^a-z0-9+]+", "-", class_name.lower()).strip("-")


def find_class(text: str, names: tuple[str, ...] = CLASS_NAMES) -> str:
    """The one of `names` that `text` means; case, separators, article, plural and a slip of the finger don't matter.

    It understands "Stop Sign", "stop_sign", "tshirt", "kitty" and "pineaple", and the parts of a mixture in any order
    and spelling: "Dogs + cat" is "cat+dog". Raises UnknownClassError.
    """
    if not isinstance(text, str):
        raise UnknownClassError(NOT_A_NAME)
    letters = letters_of(text)
    by_letters = {letters_of(name): name for name in names}
    if (spelling := _spelling(letters, by_letters)) is not None:
        return by_letters[spelling]
    if "+" in text and (mixture := _find_mixture(text, names)):
        return mixture
    found = matches(text, names)
    if found and (found[0].rank in (EXACT, SAME_THING) or _is_clearly_misspelt(found)):
        return names[found[0].place]
    alike = process.extract(letters[:40], by_letters.keys(), scorer=fuzz.ratio, score_cutoff=SIMILARITY)
    close = [names[match.place] for match in found] or [by_letters[key] for key, *_ in alike]
    hint = f"did you mean {_either(close[:NUM_SUGGESTIONS])}?" if close else "check the list of classes."
    raise UnknownClassError(f"There is no class {_shown(text)}; {hint}")


def find_classes(text: str) -> tuple[str, ...]:
    """The dataset's classes that a text means: one, or those of a mixture, "cat+dog". Raises UnknownClassError."""
    if not isinstance(text, str):
        raise UnknownClassError(NOT_A_NAME)
    return tuple(dict.fromkeys(find_class(part) for part in text.split("+")))


def mixture_name(class_names: Iterable[str]) -> str:
    """The name of a mixture, the same for any order of its classes: "cat+dog"."""
    return "+".join(sorted(class_names))


def _is_clearly_misspelt(found: list[Match]) -> bool:
    """Whether the best match is a name with a slip or two, and no other is as good."""
    best, *others = found
    return best.rank == MISSPELT and not any((other.rank, other.slips) == (best.rank, best.slips) for other in others)


def _find_mixture(text: str, names: Iterable[str]) -> str | None:
    by_parts = {_parts(name): name for name in names if "+" in name}
    known = {part for parts in by_parts for part in parts}
    *parts, ending = _parts(text)
    return by_parts.get((*sorted(_spelling(part, known) or part for part in parts), ending))


def _parts(name: str) -> tuple[str, ...]:
    """The letters of a mixture's parts, sorted, and last those in brackets, such as the recipe."""
    mixture, _, ending = name.partition("(")
    return (*sorted(map(letters_of, mixture.split("+"))), letters_of(ending))


def _spelling(letters: str, known: Container[str]) -> str | None:
    """The same letters in singular or plural, as they are known."""
    return next((spelling for spelling in spellings(letters) if spelling in known), None)


def _either(names: Iterable[str]) -> str:
    return " or ".join(f"“{name}”" for name in names)


def _shown(text: str) -> str:
    return f"“{text if len(text) <= 40 else text[:40] + '…'}”"
