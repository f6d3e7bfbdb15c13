"""Loading: one TOML adds a specialty, and a broken pack says where it is broken."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qafila.packs import load
from qafila.packs.check import check
from qafila.packs.shapes import PackError
from qafila.packs.specialty_check import specialty_problems

DUMMY = """
code = "dummy"
label = { ar = "تجربة", fr = "Essai", en = "Dummy" }
version = 1
status = "draft"
valid_from = 2026-01-01
source = "a test"

[[group]]
code = "own"
label = { ar = "أسئلة", fr = "Questions", en = "Questions" }

[[group.item]]
link_id = "itch"
type = "boolean"
label = { ar = "حكة؟", fr = "Prurit ?", en = "Itch?" }

[[group.item]]
link_id = "itch_days"
type = "integer"
enable_when = "%a.itch = true"
label = { ar = "كم يوما", fr = "Combien de jours", en = "How many days" }

[[red_flag]]
code = "long_itch"
fires_when = "%a.itch_days > 90"
source = "a test"
label = { ar = "طويلة", fr = "Long", en = "Long" }
act_now = { ar = "افعل", fr = "Agir", en = "Act" }

[[red_flag.example]]
fires = true
answers = { itch_days = 91 }

[[red_flag.example]]
fires = false
answers = { itch_days = 2 }
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A deployment's own folder that adds one specialty."""
    return with_dummy(tmp_path, DUMMY)


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """No test sees another's files."""
    load.clear()
    yield
    load.use_root(None)


def with_dummy(folder: Path, text: str) -> Path:
    (folder / "specialties").mkdir(exist_ok=True)
    (folder / "specialties" / "dummy.toml").write_text(text, encoding="utf-8")
    load.clear()
    return folder


def test_a_specialty_is_one_file(root: Path) -> None:
    assert set(load.specialties(root)) == {*load.specialties(), "dummy"}
    pack = load.load_specialty("dummy", root)
    assert pack.core_version and pack.deadline_minutes("emergency") == 15
    assert {"itch", "allergy"} <= {item.link_id for item in pack.items()}
    assert check(root) == []
    assert "dummy" not in load.specialties()


def test_the_wiring_sets_the_root_once(root: Path) -> None:
    load.use_root(root)
    assert load.load_specialty("dummy").label.text("fr-MA") == "Essai"
    load.use_root(None)
    with pytest.raises(PackError):
        load.load_specialty("dummy")


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ("version = 1", "version = ", "line 4", "Invalid value"),
        ("version = 1", 'version = "1"', "$.version", "Expected `int`"),
        ("version = 1", "version = 1\ncolour = 3", "", "colour"),
        ('fr = "Essai", ', "", "$.label", "fr"),
        ('fr = "Essai"', 'fr = ""', "$.label.fr", "length"),
        ('type = "boolean"', 'type = "colour"', "$.group[0].item[0].type", "colour"),
        ("%a.itch = true", "%a.itch = and (", "item itch_days.enable_when", "column"),
        ("%a.itch_days > 90", "%b.itch_days > 90", "red_flag long_itch.fires_when", "%b"),
        ("%a.itch_days > 90", "sing(%a.itch_days)", "red_flag long_itch.fires_when", "sing"),
        ('code = "dummy"', 'code = "other"', "$.code", "dummy"),
    ],
)
def test_a_broken_pack_names_file_place_and_reason(tmp_path: Path, old: str, new: str, where: str, what: str) -> None:
    root = with_dummy(tmp_path, DUMMY.replace(old, new, 1))
    with pytest.raises(PackError) as caught:
        load.load_specialty("dummy", root)
    assert caught.value.file == "specialties/dummy.toml"
    assert where in caught.value.where and what in str(caught.value)
    assert any(problem.file == "specialties/dummy.toml" for problem in check(root))
    assert load.load_specialty("cardiology", root).code == "cardiology"


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('link_id = "itch_days"', 'link_id = "itch"', "stands 2 times"),
        ("%a.itch = true", "%a.itches = true", "no item 'itches'"),
        ("%a.itch = true", "%a.itch_days > 1", "is never reached"),
        (
            "answers = { itch_days = 91 }",
            "answers = { itch_days = 9 }",
            "stays quiet, but should fire",
        ),
        ("answers = { itch_days = 2 }", "answers = { }", "is not computed"),
        ("fires = false", "fires = true", "one that stays quiet"),
        ("%a.itch = true", "%a.allergy = 'maybe'", "no option 'maybe'"),
        ("%a.itch = true", "%case.attachments contains 'x9'", "no view 'x9'"),
        ("%a.itch = true", "%obs.humour > 1", "no observation 'humour'"),
        ('status = "draft"', 'status = "approved"', "who approved"),
        ('type = "integer"', 'type = "choice"', "needs options"),
        ('type = "integer"', 'type = "quantity"', "UCUM"),
        ('type = "integer"', 'type = "quantity"\nunit = "furlong"', "unknown unit 'furlong'"),
        ('type = "integer"', 'type = "integer"\ncodes = [{ system = "loinc", code = "1-1" }]', "unknown LOINC code"),
        ('type = "integer"', 'type = "integer"\ncodes = [{ system = "icd10", code = "Q99X" }]', "unknown ICD10 code"),
        ("%a.itch = true", "%a.itch = true and %a.itch = false", "can never be true"),
        ("%a.itch_days > 90", "%a.itch_days > 90 and %a.itch = false", "can never be true"),
        ("answers = { itch_days = 91 }", "answers = { itch_dayz = 91 }", "no item 'itch_dayz'"),
        ("answers = { itch_days = 2 }", 'answers = { itch_days = 2, allergy = "x" }', "no option 'x'"),
        ("answers = { itch_days = 2 }", "answers = { itch_days = 2 }\nobs = { mood = 2 }", "no observation 'mood'"),
    ],
)
def test_check_sees_what_a_shape_cannot_say(tmp_path: Path, old: str, new: str, what: str) -> None:
    root = with_dummy(tmp_path, DUMMY.replace(old, new, 1))
    found = [str(problem) for problem in specialty_problems("dummy", root)]
    assert any(what in line and line.startswith("specialties/dummy.toml") for line in found), found


def test_a_red_flag_asks_for_a_service_that_some_facility_offers(tmp_path: Path) -> None:
    root = with_dummy(tmp_path, DUMMY.replace("fires_when =", 'service = "spa"\nfires_when =', 1))
    found = [str(problem) for problem in check(root)]
    assert found and all("no facility offers 'spa'" in line and "red_flag long_itch" in line for line in found)


def test_a_missing_translation_names_the_item(tmp_path: Path) -> None:
    root = with_dummy(tmp_path, DUMMY.replace('fr = "Prurit ?", ', "", 1))
    with pytest.raises(PackError, match=r"item\[0\].label \(itch\).*`fr`.*every language"):
        load.load_specialty("dummy", root)


def test_unknown_names_are_pack_errors() -> None:
    for ask in (load.load_specialty, load.profile, load.country, load.formulary):
        with pytest.raises(PackError, match="no such pack"):
            ask("atlantis")


def test_a_role_may_not_hold_an_unknown_right(tmp_path: Path) -> None:
    text = (load.SHIPPED / "roles.toml").read_text(encoding="utf-8")
    (tmp_path / "roles.toml").write_text(text.replace('"visit.close" =', '"visit.burn" =', 1), encoding="utf-8")
    with pytest.raises(PackError, match="visit.burn"):
        load.roles(tmp_path)


def test_check_over_a_country_with_wrong_references(tmp_path: Path) -> None:
    name = load.countries()[0]
    folder = tmp_path / "countries" / name
    shutil.copytree(load.SHIPPED / "countries" / name, folder)
    path = folder / "facilities.toml"
    text = path.read_text(encoding="utf-8")
    text = text.replace('place = "AS-KO-01"', 'place = "XX"', 1).replace('parent = "EG-CH-ML"', 'parent = "YY"', 1)
    path.write_text(text, encoding="utf-8")
    cast = folder / "cast.toml"
    cast.write_text(
        cast.read_text(encoding="utf-8").replace('role = "nurse"', 'role = "baker"', 1),
        encoding="utf-8",
    )
    found = " / ".join(str(problem) for problem in check(tmp_path))
    assert "unknown place 'XX'" in found and "unknown parent 'YY'" in found and "'baker'" in found


def test_not_utf8_is_said(tmp_path: Path) -> None:
    root = with_dummy(tmp_path, "")
    (root / "specialties" / "dummy.toml").write_bytes(b'code = "\xff"')
    with pytest.raises(PackError, match="UTF-8"):
        load.load_specialty("dummy", root)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.integers(0, len(DUMMY)),
    length=st.integers(0, 40),
    put=st.text(max_size=20),
)
def test_any_damage_gives_a_pack_or_a_pack_error(tmp_path: Path, start: int, length: int, put: str) -> None:
    try:
        text = (DUMMY[:start] + put + DUMMY[start + length :]).encode()
    except UnicodeEncodeError:
        text = b"\xff"
    (tmp_path / "specialties").mkdir(exist_ok=True)
    (tmp_path / "specialties" / "dummy.toml").write_bytes(text)
    load.clear()
    try:
        pack = load.load_specialty("dummy", tmp_path)
    except PackError as error:
        assert error.file == "specialties/dummy.toml" and error.what
    else:
        assert pack.code == "dummy"
        list(specialty_problems("dummy", tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "near"),
    [
        ('atc = "N02BE01"', 'atc = "paracetamol"', 'atc = "paracetamol"'),
        ('unit = "mg", dose_per_kg = [10, 15]', 'unit = "mg", dose_per_kg = [10]', "dose_per_kg = [10],"),
        ('unit = "mg", dose_per_kg = [10, 15]', 'unit = "mg", dose_per_kg = [15, 10]', "dose_per_kg = [15, 10]"),
        ('classes = ["nsaid"]', 'classes = ["nsaids"]', 'classes = ["nsaids"]'),
        ('note = "nsaid_late", source', 'note = "nsaid_later", source', "nsaid_later"),
        ('{ text = "standard", label', '{ text = "usual", label', '{ text = "usual", label'),
        ('{ code = "kdigo", words', '{ kode = "kdigo", words', "kode"),
    ],
)
def test_a_fault_of_the_formulary_is_named_with_its_line(tmp_path: Path, old: str, new: str, near: str) -> None:
    text = (load.SHIPPED / "formulary/essential.toml").read_text(encoding="utf-8")
    assert old in text
    wrong = text.replace(old, new, 1)
    (tmp_path / "formulary").mkdir()
    (tmp_path / "formulary/essential.toml").write_text(wrong, encoding="utf-8")
    line = next(n for n, one in enumerate(wrong.splitlines(), 1) if near in one)
    load.clear()
    try:
        found = [p for p in check(tmp_path) if p.file == "formulary/essential.toml"]
    finally:
        load.clear()
    assert found and all(p.where.startswith(f"line {line},") for p in found), [str(p) for p in found]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            'link_id = "side"',
            'link_id = "side"\ncodes = [{ system = "loinc", code = "99999-9" }]',
            "correct it, or leave",
        ),
        (', en = "Danger signs" }', " }", "in every language (ar, fr, en)"),
        ('link_id = "side"', 'link_id = "side"\nenable_when = "%a.danger.exists()"', "break the circle"),
        ('fires_when = "', 'fires_when = "(', "column"),
        ('link_id = "subspecialty"', 'link_id = "side"', "stands 2 times"),
    ],
    ids=["unknown code", "missing translation", "circular condition", "failing FHIRPath", "twice"],
)
def test_a_broken_copy_of_a_shipped_pack_is_refused_with_words(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = (load.SHIPPED / "specialties" / "ent.toml").read_text(encoding="utf-8")
    assert old in text
    broken = text.replace(old, new, 1)
    if "circle" in words:
        broken = broken.replace('link_id = "danger"', 'link_id = "danger"\nenable_when = "%a.side.exists()"', 1)
    (tmp_path / "specialties").mkdir()
    (tmp_path / "specialties" / "ent.toml").write_text(broken, encoding="utf-8")
    load.clear()
    try:
        found = [str(one) for one in specialty_problems("ent", tmp_path)]
    except PackError as error:
        found = [str(error)]
    assert found and any(words in one for one in found), found
    assert all("ent.toml" in one for one in found)
