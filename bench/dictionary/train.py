"""Train the next dictionary of frames from invented consultations.

python -m bench.dictionary.train NUMBER      writes src/qafila/sync/dictionaries/NUMBER.zdict

A number that was ever released is never trained again: both ends must have the very same bytes.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import zstandard

from bench.dictionary.records import Words, consultations
from bench.dictionary.vocabulary import FAMILY, GIVEN, LETTERS, USUAL

HERE = Path(__file__).resolve().parents[2] / "src/qafila/sync/dictionaries"
SIZE = 96 * 1024
SEED = 20_250_301
REASONS = ("", "fièvre", "toux", "douleur", "contrôle", "ألم", "حمى", "سعال", "مراقبة", "céphalées")


def note(dice: random.Random) -> str:
    """Sentences of usual and less usual words."""
    language = dice.choices(["fr", "ar", "en"], [6, 4, 1])[0]
    sentences = []
    for _ in range(dice.randint(3, 9)):
        words = [
            dice.choice(USUAL[language] if dice.random() < 0.45 else LETTERS[language])
            for _ in range(dice.randint(4, 14))
        ]
        if dice.random() < 0.3:
            words.insert(dice.randint(1, len(words)), str(dice.randint(1, 40)))
        text = " ".join(words)
        if dice.random() < 0.4:
            text = text.replace(" ", "، " if language == "ar" else ", ", 1)
        sentences.append(text[0].upper() + text[1:])
    return ". ".join(sentences) + "."


def name(dice: random.Random) -> tuple[str, str]:
    """Given and family name in one script."""
    given = dice.choice(GIVEN)
    return given, dice.choice([f for f in FAMILY if f.isascii() == given.isascii()])


def samples(count: int) -> list[bytes]:
    """Packed records as a unit sends them: single acts to full frames."""
    dice = random.Random(SEED)
    parcels = consultations(count, SEED, Words(note, name, lambda d: d.choice(REASONS)), rich=0.6)
    from qafila.sync.codec import COLUMNS

    found = []
    at = 0
    while at < len(parcels):
        size = dice.choice([1, 3, 9, 15, 21, 21, 27, 60, 260, 600])
        found.append(COLUMNS.pack(parcels[at : at + size]))
        at += size
    return found


def main(number: int, count: int) -> None:
    frames = samples(count)
    size = min(SIZE, sum(map(len, frames)) // 4)
    trained = zstandard.train_dictionary(size, frames, k=200, d=8, dict_id=32768 + number, level=12)
    (HERE / f"{number}.zdict").write_bytes(trained.as_bytes())
    print(f"{len(frames)} frames of {sum(map(len, frames))} bytes, dictionary of {len(trained)} bytes")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 400)
