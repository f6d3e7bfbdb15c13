"""The icons that the set-up collects are those that the program names."""

from __future__ import annotations

import re

from setup.static import LISTED, drawings
from tests.house.tree import ROOT

NAMING = {".py", ".html", ".toml", ".js"}
QUOTED = re.compile(r"""["']([a-z0-9]+(?:-[a-z0-9]+)*)["']""")


def test_every_icon_that_is_named_is_collected_and_no_other() -> None:
    files = [path for path in (ROOT / "src/qafila").rglob("*") if path.suffix in NAMING and "vendor" not in path.parts]
    quoted = {word for path in files for word in QUOTED.findall(path.read_text())}
    # A word that happens to be an icon's name goes along: that is cheaper than a way to tell it from one.
    assert LISTED.read_text().split() == sorted(quoted & drawings().keys()), "write it into setup/icons.txt"
