"""What every template and style sheet keeps to, seen in their sources."""

from __future__ import annotations

import re

from tests.house.tree import STATIC, name, templates, without_comments

PHYSICAL = re.compile(
    r"(?:^|[;{\s])("
    r"(?:margin|padding|border)-(?:left|right)(?:-\w+)*|left|right|"
    r"border-(?:top|bottom)-(?:left|right)-radius|scroll-(?:margin|padding)-(?:left|right)"
    r")\s*:",
)
PHYSICAL_VALUE = re.compile(r"(text-align|float|clear|caption-side)\s*:\s*(left|right)\b")
SPOKEN_ATTRIBUTES = ("title", "placeholder", "alt", "aria-label")
UNITS = set("mmHg kg cm min bpm mg dL mmol SpO px mm mL mV x₂ y₂ QR Qafila العربية Français English".split())
"""What stands on a screen as it is in every language."""


def test_nothing_stands_inline() -> None:
    found = []
    for path in templates():
        text = without_comments(path.read_text())
        if path.suffix not in (".html", ".txt"):
            continue
        prints = "/print" in str(path)
        for pattern, what in (
            (r"<script(?![^>]*\bsrc=)[^>]*>(?!\s*</script>)", "a script"),
            (r"<style\b", "a style sheet"),
            (r"<[a-z][^>]*\sstyle\s*=", "a style attribute"),
            (r"<[a-z][^>]*\son[a-z]+\s*=", "an event attribute"),
            (r"javascript:", "a script address"),
            (r"hx-on[:=]", "a script attribute"),
        ):
            if prints and what == "a style sheet":
                continue
            for hit in re.finditer(pattern, text, re.I):
                if what == "a script" and re.search(r'type="application/(ld\+)?json"', hit.group()):
                    continue
                found.append(f"{name(path)}: {what}: {hit.group()[:80]}")
    assert found == []


def test_styles_know_start_and_end_not_left_and_right() -> None:
    found = []
    for path in sorted(STATIC.rglob("*.css")):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        for number, line in enumerate(text.splitlines(), 1):
            if PHYSICAL.search(line) or PHYSICAL_VALUE.search(line):
                found.append(f"{name(path)}:{number}: {line.strip()}")
    assert found == []


def test_no_template_names_a_side_by_bootstraps_old_classes() -> None:
    sides = re.compile(r'class="[^"]*(?<![\w-])(?:[mp][lr]-(?:\d|auto)|(?:float|text)-(?:left|right))(?![\w-])')
    found = [name(p) for p in templates() for _ in sides.finditer(p.read_text())]
    assert found == []


def test_scripts_and_styles_come_from_the_node_itself() -> None:
    found = []
    for path in templates():
        for hit in re.finditer(r'(?:src|href|action)="(https?:)?//[^"]*"', without_comments(path.read_text())):
            found.append(f"{name(path)}: {hit.group()}")
    for path in [*STATIC.rglob("*.css"), *STATIC.rglob("*.js")]:
        # The name of SVG's and XLink's vocabulary looks like an address and is none.
        text = re.sub(r"http://www\.w3\.org/[\w/]+", "", path.read_text())
        for hit in re.finditer(r"(?:url\(['\"]?|@import\s+['\"]|from\s+['\"])(?:https?:)?//", text):
            found.append(f"{name(path)}: {hit.group()}")
    assert found == []


def test_words_on_screens_go_through_translation() -> None:
    """Bare words between tags or in spoken attributes would stay English for everybody."""
    found = []
    for path in templates():
        if path.suffix != ".html":
            continue
        text = without_comments(path.read_text())
        text = re.sub(r"\{% blocktrans(?:late)?\b.*?\{% endblocktrans(?:late)? %\}", "", text, flags=re.S)
        text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.S)
        text = re.sub(r"<(script|style)\b.*?</\1>", "", text, flags=re.S)
        if "<" not in text:
            continue  # a part that writes attributes alone
        for attribute in SPOKEN_ATTRIBUTES:
            for hit in re.finditer(rf'\s{attribute}="([^"]*[^\W\d_]{{2,}}[^"]*)"', text):
                found.append(f"{name(path)}: {attribute}: {hit.group(1)}")
        bare = re.sub(r"<!--.*?-->|<!DOCTYPE[^>]*>|<[^<>]*>|&\w+;", " ", text, flags=re.S)
        words = set(re.findall(r"[^\W\d_]{2,}", bare)) - UNITS
        found += [f"{name(path)}: {w}" for w in sorted(words)]
    assert found == []
