"""The words that the program says, and those that a catalogue does not say yet.

python -m tests.house.messages           what ar and fr lack, one a line
python -m tests.house.messages --pot     every message as a catalogue template, on standard output
python -m tests.house.messages --update  merge into locale/{ar,fr}: new ones come empty, gone ones leave
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src" / "qafila"
LANGUAGES = ("ar", "fr")
KEYWORDS = {
    "_": None,
    "N_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
PLACE = re.compile(r"%\((\w+)\)[sd]|\{(\w*)\}")
DJANGOS = {"This field is required.", "Enter a valid date."}


@cache
def every() -> Catalog:
    """All messages of Python files and templates, with where they stand."""
    catalogue = Catalog(project="Qafila", charset="utf-8", fuzzy=False)
    for path in sorted(SOURCES.rglob("*")):
        if not path.is_file() or "migrations" in path.parts or path.suffix not in (".py", ".html", ".txt"):
            continue
        if path.suffix != ".py" and "templates" not in path.parts:
            continue
        where = str(path.relative_to(ROOT))
        for line, said, _, context in _messages(path):
            if said and said != ("", ""):
                catalogue.add(said, None, [(where, line)], context=context)
    return catalogue


def _messages(path: Path) -> Iterator[tuple[int, str | tuple[str, ...], list[str], str | None]]:
    source = path.read_text()
    if path.suffix != ".py":
        from django.utils.translation.template import templatize

        # Python's reader minds indentation; what is left of a template has none that means anything.
        source = "\n".join(line.lstrip() for line in templatize(source).splitlines())
    yield from extract("python", io.BytesIO(source.encode()), keywords=KEYWORDS)  # type: ignore[misc]


def catalogue_file(language: str) -> Path:
    """Where the translations into a language stand."""
    return SOURCES / "locale" / language / "LC_MESSAGES" / "django.po"


def read(language: str) -> Catalog:
    """The translations into a language; an empty catalogue where there is none yet."""
    file = catalogue_file(language)
    if not file.exists():
        return Catalog(locale=language)
    with file.open("rb") as opened:
        return read_po(opened, locale=language)


def faults(language: str) -> list[str]:
    """What is missing or wrong in a language, one line each."""
    told, found = read(language), []
    for message in every():
        if message.id:
            found += [f"{language}: {fault}: {_shown(message)}" for fault in _faults(message, told)]
    found += [f"{language}: no longer said: {_shown(m)}" for m in told if m.id and not _known(m)]
    return found


def _known(message: Message) -> bool:
    return every().get(message.id, message.context) is not None


def _faults(message: Message, told: Catalog) -> list[str]:
    stands = told.get(message.id, message.context)
    if stands is None:
        return ["not in the catalogue"]
    if stands.fuzzy:
        return ["fuzzy"]
    if message.pluralizable and not isinstance(stands.string, tuple | list):
        return ["without plural forms"]
    strings = stands.string if isinstance(stands.string, tuple | list) else (stands.string,)
    if not all(strings) or (message.pluralizable and len(strings) != told.num_plurals):
        return ["not translated"]
    wanted = {p for i in (message.id if isinstance(message.id, tuple | list) else (message.id,)) for p in places(i)}
    # A plural form for one or two may leave the number unsaid, and no form may name a place that is not filled.
    if any(not set(places(s)) <= wanted for s in strings):
        return ["names a place that is not filled"]
    if not message.pluralizable and set(places(strings[0])) != wanted:
        return ["leaves a place out"]
    return []


def places(text: str) -> list[str]:
    """The places in a message that the program fills."""
    return [a or b for a, b in PLACE.findall(text)]


def _shown(message: Message) -> str:
    text = message.id[0] if isinstance(message.id, tuple | list) else message.id
    where = f" ({message.locations[0][0]}:{message.locations[0][1]})" if message.locations else ""
    return f"{text!r}{where}"


def update(language: str) -> None:
    """Bring a catalogue to the messages of today; what is not translated yet is empty."""
    file = catalogue_file(language)
    told = read(language)
    told.update(every(), no_fuzzy_matching=True)
    told.obsolete.clear()
    told.last_translator = told.msgid_bugs_address = "Qafila"
    told.revision_date = told.creation_date
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as opened:
        write_po(opened, told, width=110, ignore_obsolete=True, include_lineno=False, sort_output=True)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pot", action="store_true")
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    if arguments.pot:
        write_po(sys.stdout.buffer, every(), width=110, include_lineno=False, sort_output=True)
        return 0
    if arguments.update:
        for language in LANGUAGES:
            update(language)
    found = [fault for language in LANGUAGES for fault in faults(language)]
    print("\n".join(found) or "nothing is missing")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
