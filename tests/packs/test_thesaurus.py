"""The thesaurus of interactions: its layout is read, what is not understood is named with its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qafila.cli import main
from qafila.packs import load, thesaurus
from qafila.packs.draft import ImportRefused
from qafila.packs.interactions import Interactions

TEXT = """ANSM - Thésaurus des interactions - édition inventée
Version 1

ANTICOAGULANTS ORAUX
(acenocoumarol, fluindione,
warfarine)

+ ACIDE ACETYLSALICYLIQUE
Contre-indication avec :
- des doses anti-inflammatoires
Association déconseillée avec des doses antalgiques.
Majoration du risque hémorragique.

+ MICONAZOLE
CONTRE-INDICATION
Hémorragies imprévisibles, éventuellement graves.
2/3

METFORMINE
Voir aussi : autre chose
+ FUROSEMIDE
Précaution d’emploi
Acidose lactique.

LITHIUM + ANTI-INFLAMMATOIRES NON STEROIDIENS
Association DECONSEILLEE
+ SALBUTAMOL
A prendre en compte : rien de vrai, un essai.
"""
TABLE = """Substance;Avec;Niveau;Mécanisme
Warfarine;Miconazole;CI;Hémorragies
Warfarine;Paracétamol;A prendre en compte;Surveiller l’INR
"""
EDITION = ("an invented edition", date(2023, 9, 15))


def written(tmp_path: Path, text: str, **options: bool) -> Interactions:
    file, out = tmp_path / "t.txt", tmp_path / "out.toml"
    file.write_text(text, encoding="utf-8")
    thesaurus.bring_in(file, out, *EDITION, **options)
    return load.read(out, Interactions)


def refused(text: str | bytes) -> list[tuple[int, str]]:
    with pytest.raises(ImportRefused) as caught:
        thesaurus.read(text.encode() if isinstance(text, str) else text)
    return [(one.row, one.what) for one in caught.value.refusals]


def test_the_layout_of_the_text(tmp_path: Path) -> None:
    made = written(tmp_path, TEXT)
    found = {(p.one, p.other): p.severity for p in made.pair}
    assert found == {
        ("acetylsalicylic_acid", "anticoagulant"): "contraindicated",
        ("anticoagulant", "miconazole"): "contraindicated",
        ("furosemide", "metformin"): "caution",
        ("lithium", "nsaid"): "avoid",
        ("lithium", "salbutamol"): "monitor",
    }
    assert (made.source, made.date, made.status) == (*EDITION, "draft")
    assert any("Hémorragies imprévisibles" in p.words for p in made.pair)


def test_a_table(tmp_path: Path) -> None:
    assert {p.severity for p in written(tmp_path, TABLE).pair} == {"contraindicated", "monitor"}


def test_a_name_that_is_not_known_is_refused_with_its_line_or_left_out_and_named(tmp_path: Path) -> None:
    text = TEXT + "+ ZZZOLAM\nContre-indication\n"
    with pytest.raises(ImportRefused) as caught:
        written(tmp_path, text)
    (only,) = caught.value.refusals
    assert only.row == len(text.splitlines()) - 1 and "ZZZOLAM" in only.what
    assert not (tmp_path / "out.toml").exists()
    assert len(written(tmp_path, text, leave_unmapped=True).pair) == 5


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("+ WARFARINE\nContre-indication\n", 1, "before any name"),
        ("WARFARINE\n+ MICONAZOLE\nsans niveau\n", 2, "no level"),
        ("WARFARINE\ndes mots perdus\n", 2, "belongs to no pair"),
        ("Substance;Avec;Niveau\nWarfarine;;CI\n", 2, "two names"),
        ("Substance;Avec;Niveau\nWarfarine;Miconazole;peut-être\n", 2, "no level"),
        ("", 0, "no pair"),
        (b"\xff\xfe", 0, "UTF-8"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str | bytes, line: int, what: str) -> None:
    assert any(row == line and what in said for row, said in refused(text))


@given(
    st.one_of(
        st.binary(max_size=300),
        st.lists(st.sampled_from([*TEXT.splitlines(), *TABLE.splitlines(), "(", "+", "é" * 2100, '"'])).map(
            lambda x: "\n".join(x).encode()
        ),
    )
)
def test_no_file_breaks_it(data: bytes) -> None:
    try:
        taken = thesaurus.read(data)
    except ImportRefused as caught:
        assert caught.refusals
    else:
        assert "pair = [" in thesaurus.to_toml(taken, *EDITION)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = tmp_path / "t.txt", tmp_path / "ansm.toml"
    file.write_text(TEXT, encoding="utf-8")
    command = ["packs", "import-interactions", str(file), "--source", "x", "--date", "2023-09-15", "--out", str(out)]
    assert main(command) == 0 and out.exists()
    file.write_text(TEXT + "des mots\n+ ZZZOLAM\n", encoding="utf-8")
    out.unlink()
    assert main(command) == 1 and not out.exists()
    assert "row 30" in capsys.readouterr().out
