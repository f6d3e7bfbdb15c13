"""What the program is made of, and under which licences; what a reader of its code objects to.

usage: python setup/supply.py sbom [FILE]     a CycloneDX 1.6 list of the locked packages, Python's and npm's
       python setup/supply.py licences        every licence against setup/licences.toml; exit 1 where one is refused
       python setup/supply.py code            bandit over src; an objection is answered on its line, as ruff's are

Nothing here asks the network: whether a package has a known hole says setup/audit.sh, which has to.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TOOLS = Path(sys.executable).parent
LOCKED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s\\;]+)", re.M)
NOQA = re.compile(r"#\s*noqa:\s*([A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)")
SAME = {"B703": "S308"}
"""bandit's number of what ruff has under another one; else they are the same."""


def plain(name: str) -> str:
    """A package's name in its one form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(*names: str) -> dict[str, str]:
    """Package → version of these locks."""
    text = "\n".join((ROOT / "requirements" / f"{name}.lock").read_text() for name in names)
    return {plain(name): version for name, version in LOCKED.findall(text)}


def npm() -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, what its lock says) of each npm package."""
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    return ((path.split("node_modules/")[-1], facts) for path, facts in packages.items() if path)


# --- licences ---------------------------------------------------------------------------------


def parts_of(licence: str) -> list[list[str]]:
    """A licence as choices, each a list of what holds together: `A AND (B OR C)` is `[[A, B], [A, C]]`.

    A list of classifiers (`A; B`) does not say whether it is a choice, so all of it has to hold.
    """
    choices: list[list[str]] = [[]]
    for joined in re.split(r"\s+AND\s+|\s*;\s*", licence.strip()):
        inner = joined.strip()
        if inner.startswith("(") and inner.endswith(")"):
            inner = inner[1:-1]
        either = [one.strip() for one in re.split(r"\s+OR\s+", inner)]
        choices = [[*choice, one] for choice in choices for one in either]
    return choices


def verdict(name: str, licence: str, rules: dict[str, Any]) -> str:
    """`allowed`, `weak`, or why not."""
    said = rules["stated"].get(name, licence)
    if name in rules["weak"]:
        return "weak"
    for choice in parts_of(said):
        if all(part in rules["allowed"] for part in choice):
            return "allowed"
    if any(word.lower() in said.lower() for word in rules["refused"]) and "LGPL" not in said:
        return f"refused: {said}"
    return f"not in setup/licences.toml: {said}"


def packages() -> Iterator[tuple[str, str]]:
    """(package, licence) of everything in the locks, npm's too."""
    wanted = locked("base", "build", "dev")
    told = subprocess.run(
        [str(TOOLS / "pip-licenses"), "--from=mixed", "--format=json", "--with-system"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    for one in json.loads(told.stdout):
        if plain(one["Name"]) in wanted:
            yield plain(one["Name"]), one["License"]
    yield from ((name, str(facts.get("license", "UNKNOWN"))) for name, facts in npm())


def licences() -> int:
    """Print the weak ones with their reason, and what is refused; the exit status."""
    rules = tomllib.loads((ROOT / "setup" / "licences.toml").read_text())
    found = {name: verdict(name, licence, rules) for name, licence in packages()}
    wrong = [f"{name}: {word}" for name, word in sorted(found.items()) if word not in ("allowed", "weak")]
    for name in sorted(n for n, word in found.items() if word == "weak"):
        print(f"weak copyleft: {name}: {rules['weak'][name]}")
    unused = sorted({*rules["weak"], *rules["stated"]} - set(found))
    for line in [*wrong, *(f"{name}: in setup/licences.toml, but in no lock" for name in unused)]:
        print(line, file=sys.stderr)
    print(f"{len(found)} packages, {len(wrong)} refused")
    return 1 if wrong or unused else 0


# --- list of materials ------------------------------------------------------------------------


def sbom(file: Path) -> int:
    """Write the list of what is shipped: base.lock and package-lock.json."""
    told = subprocess.run(
        [str(TOOLS / "cyclonedx-py"), "requirements", "--output-reproducible", "--spec-version", "1.6",
         "--pyproject", str(ROOT / "pyproject.toml"), str(ROOT / "requirements" / "base.lock")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    made = json.loads(told.stdout)
    for one in made["components"]:
        one.setdefault("licenses", _licences(one["name"]))
    for name, facts in npm():
        made["components"].append(
            {
                "type": "library",
                "bom-ref": f"npm:{name}",
                "name": name,
                "version": str(facts["version"]),
                "purl": f"pkg:npm/{name.replace('@', '%40')}@{facts['version']}",
                "licenses": [{"license": {"name": str(facts.get("license", "UNKNOWN"))}}],
            }
        )
    text = json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True)
    _validate(text)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n")
    print(f"{file}: {len(made['components'])} components")
    return 0


def _licences(name: str) -> list[dict[str, dict[str, str]]]:
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return []
    words = [c.split(" :: ")[-1] for c in told.get_all("Classifier") or () if c.startswith("License :: ")]
    said = told["License-Expression"] or "; ".join(words)
    return [{"license": {"name": said}}] if said else []


def _validate(text: str) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong is not None:
        raise SystemExit("the list of materials is not what CycloneDX 1.6 wants")


# --- code -------------------------------------------------------------------------------------


def answered(file: Path, lines: Iterable[int], number: str) -> bool:
    """Whether one of these lines answers the objection: bandit's B608 is ruff's S608, and one answer is enough."""
    code = SAME.get(number, "S" + number[1:])
    text = file.read_text().splitlines()
    near = {n for line in lines for n in (line - 1, line, line + 1)}
    said = (NOQA.search(text[n - 1]) for n in near if 0 < n <= len(text))
    return any(code in [c.strip() for c in one[1].split(",")] for one in said if one)


def code() -> int:
    """Print what is not answered; the exit status."""
    command = [str(TOOLS / "bandit"), "-q", "-r", "src", "-c", "pyproject.toml", "-f", "json"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    report = json.loads(told.stdout)
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]["per-file-ignores"]
    left = 0
    for one in report["results"]:
        file, number = Path(one["filename"]), one["test_id"]
        everywhere = any(file.match(glob) for glob, codes in known.items() if "S" + number[1:] in codes)
        if not everywhere and not answered(ROOT / file, one["line_range"], number):
            left += 1
            print(f"{file}:{one['line_number']}: {number} {one['issue_text']}")
    for wrong in report["errors"]:
        left += 1
        print(f"{wrong['filename']}: {wrong['reason']}")
    print(f"bandit: {len(report['results'])} objections, {left} without an answer")
    return 1 if left else 0


COMMANDS: dict[str, Callable[[], int]] = {
    "sbom": lambda: sbom(Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "dist" / "sbom.json"),
    "licences": licences,
    "code": code,
}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        raise SystemExit(__doc__)
    raise SystemExit(COMMANDS[sys.argv[1]]())
