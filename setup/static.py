"""Copy the static files of npm packages from node_modules to the web's `static/vendor`: as they are, nothing is built.

usage: python setup/static.py
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "src/qafila/web/static/vendor"
ICONS = Path(__file__).parent / "healthicons.txt"

FONT = "@fontsource/ibm-plex-sans-arabic"
FONT_WEIGHTS = (400, 500, 600, 700)
FONT_SUBSETS = ("arabic", "latin", "latin-ext")
COPIED = {
    "htmx.org": ("dist/htmx.min.js", "dist/ext/hx-sse.min.js", "LICENSE"),
    "bootstrap": (
        "dist/css/bootstrap.min.css",
        "dist/css/bootstrap.rtl.min.css",
        "dist/js/bootstrap.bundle.min.js",
        "LICENSE",
    ),
    "bootstrap-icons": ("bootstrap-icons.svg", "LICENSE"),
    "healthicons": ("LICENSE",),
    "uplot": ("dist/uPlot.iife.min.js", "dist/uPlot.min.css", "LICENSE"),
    FONT: ("LICENSE",),
}
# A browser with open developer tools would ask for a map that is not there.
SOURCE_MAP = re.compile(rb"\s*(?://# sourceMappingURL=\S+|/\*# sourceMappingURL=[^*]+\*/)\s*$")


def folder_of(package: str) -> str:
    """The folder in `vendor` for an npm package."""
    return package.rpartition("/")[2].removesuffix(".org")


def copy_files(target: Path) -> None:
    """Copy single files, flat, without their reference to a source map."""
    for package, files in COPIED.items():
        folder = target / folder_of(package)
        folder.mkdir(parents=True)
        for file in files:
            data = (MODULES / package / file).read_bytes()
            (folder / Path(file).name).write_bytes(SOURCE_MAP.sub(b"\n", data))


def copy_font(target: Path) -> None:
    """Copy the font's weights and subsets that the screens use, and one style sheet `font.css` that names them."""
    source, folder = MODULES / FONT, target / folder_of(FONT)
    rules: list[str] = []
    for weight in FONT_WEIGHTS:
        for subset in FONT_SUBSETS:
            name = f"ibm-plex-sans-arabic-{subset}-{weight}-normal"
            shutil.copyfile(source / "files" / f"{name}.woff2", folder / f"{name}.woff2")
            rules.append(font_face((source / f"{weight}.css").read_text(), name))
    (folder / "font.css").write_text("\n".join(rules))


def font_face(sheet: str, name: str) -> str:
    """The `@font-face` rule of one file, with the woff2 beside the sheet as its only source."""
    found = re.search(rf"/\* {re.escape(name)} \*/\s*(@font-face \{{.*?\n\}})", sheet, re.DOTALL)
    if found is None:
        sys.exit(f"{FONT}: no rule for {name}")
    return re.sub(r"src: [^;]+;", f"src: url(./{name}.woff2) format('woff2');", found[1]) + "\n"


def collect_icons(target: Path) -> None:
    """Put the listed health icons into one file of symbols, so that a page asks for one file; the id is the name."""
    symbols = []
    for line in ICONS.read_text().split():
        icon = (MODULES / "healthicons/public/icons/svg/outline" / f"{line}.svg").read_text()
        drawing = re.fullmatch(r"\s*<svg[^>]*>(.*)</svg>\s*", icon, re.DOTALL)
        if drawing is None:
            sys.exit(f"healthicons: {line} is not the drawing it was")
        symbols.append(f'<symbol id="{Path(line).name}" viewBox="0 0 48 48" fill="none">{drawing[1].strip()}</symbol>')
    sprite = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
    (target / "healthicons/healthicons.svg").write_text(sprite)


def main() -> None:
    """Fill a new folder, then put it in the place of the old one."""
    fresh = VENDOR.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    copy_files(fresh)
    copy_font(fresh)
    collect_icons(fresh)
    shutil.rmtree(VENDOR, ignore_errors=True)
    fresh.rename(VENDOR)


if __name__ == "__main__":
    main()
