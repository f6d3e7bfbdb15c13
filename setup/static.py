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
ICONS = "bootstrap-icons"
LISTED = Path(__file__).parent / "icons.txt"
"""The icons that the program names (`tests/house/test_icons.py` holds it to that)."""

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
    ICONS: ("LICENSE",),
    "uplot": ("dist/uPlot.iife.min.js", "dist/uPlot.min.css", "LICENSE"),
    FONT: ("LICENSE",),
}
VIEWER = "@ohif/app"
VIEWER_OWN = {"app-config.js", "google.js", "init-service-worker.js", "oidc-client.min.js", "sw.js", "es6-shim.min.js",
              "polyfill.min.js"}  # fmt: skip
"""Its configuration (the node has its own), a service worker, log-in elsewhere."""
VIEWER_ROOT = re.compile(rb'(__webpack_require__\.p = |\bp=)"/"')
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


def copy_viewer(target: Path) -> None:
    """Copy OHIF as it is built, but for where it looks for the rest of itself: it expects to own its whole host.

    Its folders stay away: machine learning (136 MB), microscopy, icons of an app.
    """
    source, folder = MODULES / VIEWER / "dist", target / "ohif"
    folder.mkdir(parents=True)
    shutil.copyfile(MODULES / VIEWER / "LICENSE", folder / "LICENSE")
    rooted = 0
    for file in sorted(source.iterdir()):
        if file.suffix not in (".js", ".css", ".wasm", ".woff2") or file.name in VIEWER_OWN:
            continue
        data = file.read_bytes()
        if file.suffix == ".css":
            data = data.replace(b"url(/", b"url(/static/vendor/ohif/")
        if file.suffix == ".js":
            data, found = VIEWER_ROOT.subn(rb'\1"/static/vendor/ohif/"', SOURCE_MAP.sub(b"\n", data))
            rooted += found
        name = re.sub(r"^app\.bundle\.[0-9a-f]+\.js$", "app.bundle.js", file.name)
        (folder / name).write_bytes(data)
    if not rooted or not (folder / "app.bundle.js").exists():
        sys.exit(f"{VIEWER}: its bundle is not what it was")


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


def drawings() -> dict[str, str]:
    """Every icon that there is: name → its `<symbol>`, with the name as its id."""
    sprite = (MODULES / ICONS / "bootstrap-icons.svg").read_text()
    found = re.findall(r'(<symbol [^>]*\bid="([^"]+)".*?</symbol>)', sprite, re.DOTALL)
    return {name: symbol for symbol, name in found}


def collect_icons(target: Path) -> None:
    """Put the listed icons into one file, so that a page asks for one: all two thousand are a megabyte."""
    found, names = drawings(), LISTED.read_text().split()
    if absent := [name for name in names if name not in found]:
        sys.exit(f"{ICONS} has no {', '.join(absent)}")
    sprite = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(found[name] for name in names) + "\n</svg>\n"
    (target / ICONS / f"{ICONS}.svg").write_text(sprite)


def main() -> None:
    """Fill a new folder, then put it in the place of the old one."""
    fresh = VENDOR.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    copy_files(fresh)
    copy_font(fresh)
    collect_icons(fresh)
    if (MODULES / VIEWER).exists():
        copy_viewer(fresh)
    shutil.rmtree(VENDOR, ignore_errors=True)
    fresh.rename(VENDOR)


if __name__ == "__main__":
    main()
