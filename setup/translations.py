"""Compile catalogues of translations (.po) to what the program reads (.mo); one with an error in it is refused.

usage: python setup/translations.py FILE.po…
"""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po


def compile_catalogue(source: Path) -> list[str]:
    """Write the .mo beside a .po. Returns what is wrong with it; then nothing is written."""
    locale = source.parent.parent.name
    try:
        with source.open("rb") as file:
            catalogue = read_po(file, locale=locale, abort_invalid=True)
    except (PoFileError, ValueError) as error:
        return [f"{source}: {error}"]
    wrong = [f"{source}:{m.lineno}: {e}" for m, errors in catalogue.check() if not m.fuzzy for e in errors]
    if not wrong:
        fresh = source.with_suffix(".mo.new")
        with fresh.open("wb") as file:
            write_mo(file, catalogue)
        fresh.rename(source.with_suffix(".mo"))
    return wrong


def main() -> None:
    """Compile every file named on the command line."""
    wrong = [line for name in sys.argv[1:] for line in compile_catalogue(Path(name))]
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
