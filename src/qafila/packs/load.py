"""Reading packs: TOML in, checked and immutable shapes out.

A pack with an error never loads half: the whole file is refused with a `PackError` that names
the file, the place and the reason. Results are cached for the life of the process.

Every function takes an optional `root`, a folder laid out like this one: what it holds comes
before what is shipped, file by file, so a deployment (or a test) adds a specialty with one TOML
file. `use_root` sets it for the whole process; only the wiring of a node calls that.
"""

from __future__ import annotations

import re
import threading
import tomllib
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from qafila.packs import expressed
from qafila.packs.access import Access
from qafila.packs.body import Body
from qafila.packs.country import Cast, Country, Facilities, People, Places, Units
from qafila.packs.encounter import Encounter
from qafila.packs.formulary_shapes import CodeSubset, CrossAllergies, DiagnosisLabels, Formulary, LocalFormulary
from qafila.packs.interactions import Interactions, ThesaurusNames
from qafila.packs.lines import at_line
from qafila.packs.loop import Loop, Savings
from qafila.packs.matching import Matching
from qafila.packs.privacy import Privacy
from qafila.packs.profile import Profile
from qafila.packs.retention import Retention
from qafila.packs.roles import Role, Roles
from qafila.packs.shapes import PackError
from qafila.packs.specialty import Core, Group, Item, Specialty

SHIPPED = Path(__file__).parent
S = TypeVar("S")
F = TypeVar("F", bound=Callable[..., Any])
_LANGUAGE = re.compile(r"required field `(ar|fr|en)`")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_root: Path | None = None
_remembered: list[Callable[[], None]] = []


def remembered(function: F) -> F:
    """Cache the results of `function` until `clear`."""
    cached = lru_cache(maxsize=128)(function)
    _remembered.append(cached.cache_clear)
    return cached  # type: ignore[return-value]


def use_root(root: Path | None) -> None:
    """Make `root` the folder whose packs come before the shipped ones (None: shipped only)."""
    global _root
    _root = root
    clear()


def clear() -> None:
    """Forget what was read, so that changed files are read again."""
    for forget in _remembered:
        forget()


def _roots(root: Path | None) -> tuple[Path, ...]:
    chosen = root or _root
    return (Path(chosen), SHIPPED) if chosen else (SHIPPED,)


def _find(relative: str, root: Path | None) -> Path:
    for folder in _roots(root):
        if (folder / relative).is_file():
            return folder / relative
    raise PackError(relative, "", "there is no such pack")


def _names(pattern: str, root: Path | None) -> tuple[str, ...]:
    found = {path.relative_to(folder) for folder in _roots(root) for path in folder.glob(pattern)}
    is_folder = not pattern.endswith("*.toml")
    return tuple(sorted(path.parent.name if is_folder else path.stem for path in found))


def read(path: Path, shape: type[S], *, shown: str = "") -> S:
    """Read one TOML file as `shape`; raises `PackError` for anything that is wrong with it."""
    shown = shown or path.name
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise PackError(shown, f"byte {error.start}", "the file is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).rpartition(" (")
        raise PackError(shown, where.rstrip(")"), what or str(error)) from error
    except OSError as error:
        raise PackError(shown, "", f"cannot be read: {error.strerror}") from error
    except RecursionError as error:
        raise PackError(shown, "", "nested too deeply") from error
    try:
        return _shaped(raw, shape, shown)
    except PackError as error:
        raise PackError(shown, at_line(path.read_text(encoding="utf-8"), error.where), error.what) from error


_one_at_a_time = threading.Lock()
"""msgspec learns a shape when it first meets it, and a process in which two threads teach it the same one at once may
die of it (a segmentation fault: `tests/packs/test_threads.py`)."""


def converted(raw: dict[str, Any], shape: type[S]) -> S:
    """What a TOML file says, as `shape`. Raises `msgspec.ValidationError`."""
    with _one_at_a_time:
        return msgspec.convert(raw, shape)


def _shaped(raw: dict[str, Any], shape: type[S], shown: str) -> S:
    try:
        return converted(raw, shape)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        if _LANGUAGE.search(what):
            what = f"{what}: write these words in every language (ar, fr, en)"
        raise PackError(shown, _named(where.strip("`"), raw), what) from error


def _named(where: str, raw: Any) -> str:
    """A place such as `$.group[0].item[2].label` with the name of what stands there, as far as it has one."""
    name, held = "", raw
    for key, index in _STEP.findall(where):
        try:
            held = held[int(index)] if index else held[key]
        except (LookupError, TypeError):
            break
        if isinstance(held, dict):
            own = held.get("link_id") or held.get("code")
            name = own if isinstance(own, str) else name
    return f"{where} ({name})" if name else where


def _load(relative: str, shape: type[S], root: Path | None) -> S:
    return read(_find(relative, root), shape, shown=relative)


# --- roles and profiles -------------------------------------------------------------------


@remembered
def roles(root: Path | None = None) -> Mapping[str, Role]:
    """Every role by its code."""
    file = _load("roles.toml", Roles, root)
    known = set(file.rights)
    for index, role in enumerate(file.role):
        for right in role.rights:
            if right not in known:
                raise PackError("roles.toml", f"$.role[{index}]", f"unknown right {right!r}")
    return MappingProxyType({role.code: role for role in file.role})


@remembered
def rights(root: Path | None = None) -> frozenset[str]:
    """Every right that exists."""
    return frozenset(_load("roles.toml", Roles, root).rights)


@remembered
def access(root: Path | None = None) -> Access:
    """Who may open whose record for how long, and which reading is asked about."""
    return _load("access.toml", Access, root)


@remembered
def profile(name: str, root: Path | None = None) -> Profile:
    """The profile `name`: what a node of that kind is able to do."""
    found = _load(f"profiles/{name}.toml", Profile, root)
    if found.name != name:
        raise PackError(f"profiles/{name}.toml", "$.name", f"must be {name!r}")
    return found


def profiles(root: Path | None = None) -> tuple[str, ...]:
    """Names of the profiles, sorted."""
    return _names("profiles/*.toml", root)


# --- specialties --------------------------------------------------------------------------


@remembered
def load_specialty(code: str, root: Path | None = None) -> Specialty:
    """The specialty `code`, joined with the core."""
    shown = f"specialties/{code}.toml"
    own = _load(shown, Specialty, root)
    if own.code != code:
        raise PackError(shown, "$.code", f"must be {code!r}, the file's name")
    core = _load("core.toml", Core, root)
    joined = _joined(core, own)
    for where, problem in expressed.problems(joined):
        raise PackError(shown, where, problem)
    return joined


def specialties(root: Path | None = None) -> tuple[str, ...]:
    """Codes of the specialties, sorted."""
    return _names("specialties/*.toml", root)


def _joined(core: Core, own: Specialty) -> Specialty:
    return msgspec.structs.replace(
        own,
        core_version=core.version,
        group=(*(_with(group, own.story) for group in core.group), *own.group),
        requirement=_by_code(core.requirement, own.requirement),
        view=_by_code(core.view, own.view),
        urgency=_by_code(core.urgency, own.urgency),
        answer=_by_code(core.answer, own.answer, "link_id"),
        outcome=_by_code(core.outcome, own.outcome),
        decline_reason=_by_code(core.decline_reason, own.decline_reason),
        red_flag=_by_code(core.red_flag, own.red_flag),
    )


def _with(group: Group, story: tuple[Item, ...]) -> Group:
    return msgspec.structs.replace(group, item=group.item + story) if group.code == "story" else group


def _by_code(core: tuple[S, ...], own: tuple[S, ...], key: str = "code") -> tuple[S, ...]:
    return tuple({getattr(entry, key): entry for entry in (*core, *own)}.values())


# --- countries ----------------------------------------------------------------------------


def countries(root: Path | None = None) -> tuple[str, ...]:
    """Folder names of the countries, sorted."""
    return _names("countries/*/country.toml", root)


@remembered
def country(code: str, root: Path | None = None) -> Country:
    """The country by its folder name or its ISO 3166 code, in any case."""
    for name in countries(root):
        found = _load(f"countries/{name}/country.toml", Country, root)
        if code.lower() in (name.lower(), found.code.lower()):
            return msgspec.structs.replace(found, folder=name)
    raise PackError(f"countries/{code}/country.toml", "", "there is no such pack")


@remembered
def facilities(code: str, root: Path | None = None) -> Facilities:
    """The country's health facilities."""
    return _of_country(code, "facilities", Facilities, root)


@remembered
def units(code: str, root: Path | None = None) -> Units:
    """The country's demonstration units with their rounds and stops."""
    return _of_country(code, "units", Units, root)


@remembered
def people(code: str, root: Path | None = None) -> People:
    """Lists of names from which the synthetic population is drawn."""
    return _of_country(code, "people", People, root)


@remembered
def cast(code: str, root: Path | None = None) -> Cast:
    """The named staff of the demonstration."""
    return _of_country(code, "cast", Cast, root)


@remembered
def handwritten_places(code: str, root: Path | None = None) -> Places:
    """Places kept in the pack itself; see `packs.places` for all places of a country."""
    folder = country(code, root).folder
    if not any((top / f"countries/{folder}/places.toml").is_file() for top in _roots(root)):
        return Places()
    return _of_country(code, "places", Places, root)


@remembered
def savings(code: str, root: Path | None = None) -> Savings:
    """What a journey costs in the country; empty where nobody has said so."""
    folder = country(code, root).folder
    if not any((top / f"countries/{folder}/savings.toml").is_file() for top in _roots(root)):
        return Savings(source="not known")
    return _of_country(code, "savings", Savings, root)


@remembered
def retention(code: str, root: Path | None = None) -> Retention:
    """For how long what is kept in the country; empty where nobody has said so: for ever."""
    folder = country(code, root).folder
    if not any((top / f"countries/{folder}/retention.toml").is_file() for top in _roots(root)):
        return Retention(version=0)
    return _of_country(code, "retention", Retention, root)


@remembered
def privacy(code: str, root: Path | None = None) -> Privacy:
    """What is asked about personal data in the country: breaches, transfers, statistics, the record of processing."""
    return _of_country(code, "privacy", Privacy, root)


def _of_country(code: str, name: str, shape: type[S], root: Path | None) -> S:
    return _load(f"countries/{country(code, root).folder}/{name}.toml", shape, root)


# --- codes, medicines, encounters ---------------------------------------------------------


@remembered
def diagnosis_labels(root: Path | None = None) -> DiagnosisLabels:
    """ICD-10 labels in Arabic and French for common diagnoses."""
    return _load("codes/icd10_labels.toml", DiagnosisLabels, root)


@remembered
def code_subset(root: Path | None = None) -> CodeSubset:
    """LOINC and UCUM codes that packs may use."""
    return _load("codes/subset.toml", CodeSubset, root)


@remembered
def formulary(name: str = "essential", root: Path | None = None) -> Formulary:
    """The formulary `name`."""
    return _load(f"formulary/{name}.toml", Formulary, root)


@remembered
def local_formulary(code: str, root: Path | None = None) -> LocalFormulary | None:
    """What a country's units carry and how it is called there; None where nobody wrote it down."""
    relative = f"countries/{country(code, root).folder}/formulary.toml"
    if not any((top / relative).is_file() for top in _roots(root)):
        return None
    return _load(relative, LocalFormulary, root)


@remembered
def cross_allergies(root: Path | None = None) -> CrossAllergies:
    """Which allergies go together."""
    return _load("formulary/cross_allergies.toml", CrossAllergies, root)


@remembered
def interactions(root: Path | None = None) -> Mapping[str, Interactions]:
    """Every list of interactions by the name of its file; none where there is no file."""
    names = _names("interactions/*.toml", root)
    return MappingProxyType({name: _load(f"interactions/{name}.toml", Interactions, root) for name in names})


@remembered
def thesaurus_names(root: Path | None = None) -> ThesaurusNames:
    """Names that a thesaurus of interactions uses and the formulary does not."""
    return _load("formulary/thesaurus.toml", ThesaurusNames, root)


def place_in(relative: str, where: str, root: Path | None = None) -> str:
    """`where` (a path such as `$.medicine[3].atc`) of a pack's file with the number of its line."""
    return at_line(_find(relative, root).read_text(encoding="utf-8"), where)


@remembered
def encounter(root: Path | None = None) -> Encounter:
    """Encounter classes, remote act types, consent purposes and methods."""
    return _load("encounter.toml", Encounter, root)


@remembered
def loop(root: Path | None = None) -> Loop:
    """What follows an answer: reminders, and the words for reaching a person."""
    return _load("loop.toml", Loop, root)


@remembered
def body(root: Path | None = None) -> Body:
    """Regions of the body and of the chest, and the photographs that are taken of them."""
    return _load("body.toml", Body, root)


@remembered
def matching(root: Path | None = None) -> Matching:
    """How much agreement between two people's records says."""
    return _load("matching.toml", Matching, root)
