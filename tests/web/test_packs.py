"""The packs' pages on the hub: read in three languages, approved by name, a draft again when a word changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qafila.clinic.cases import acts as cases
from qafila.clinic.forms import approval
from qafila.clinic.forms.models import PackApproval
from qafila.clinic.refusal import Refusal
from qafila.journal.here import Here
from qafila.journal.history import of_subject
from qafila.journal.write import writing
from qafila.kernel.rights import NotAllowed
from qafila.packs import load
from qafila.registry.staff.acts import create_staff
from qafila.registry.staff.models import Staff
from tests.web.desk import Desk, desk
from tests.web.vehicle import text

DRAFT = "Draft: not approved yet"
SECRET = "Chevre-montagne-11"


@pytest.fixture
def hub_desk(unit: Here) -> Iterator[Desk]:
    with desk(unit) as made:
        yield made
    load.use_root(None)


@pytest.fixture
def approver(hub_desk: Desk) -> Staff:
    made = create_staff(None, "idriss", SECRET, "Idriss", ["approver"], interface_language="en")
    with writing(None, "setup") as write:
        made.licence = "DEMO-MED-4001"
        return write.save(made)


def test_a_pack_is_read_side_by_side_and_approved_by_name(hub_desk: Desk, approver: Staff) -> None:
    browser, pack = hub_desk.at(approver), load.load_specialty("ent")
    assert text(browser.get("/packs/")).count(DRAFT) == len(load.specialties())
    page = browser.get("/packs/ent/").content.decode()
    flag = pack.red_flag[-1]
    for words in (flag.label.ar, flag.label.fr, flag.label.en, pack.group[-1].item[-1].label.ar):
        assert words in page
    assert pack.digest() in page and "I have read this pack" in page
    said = {"digest": pack.digest(), "note": "Réunion du 3 mars"}
    for wrong in ({}, {"secret": "Chevre-montagne-12"}, {"secret": "123456"}, {"credential": "{}"}):
        refused = browser.post("/packs/ent/approve/", said | wrong)
        # Whoever finds a screen open approves nothing; what was typed stays.
        assert refused.status_code == 422 and "Réunion du 3 mars" in text(refused) and DRAFT in text(refused)
    assert not PackApproval.objects.exists()
    done = browser.post("/packs/ent/approve/", said | {"secret": SECRET}, follow=True)
    assert "Réunion du 3 mars" in text(done) and "DEMO-MED-4001" in text(done) and DRAFT not in text(done)
    row = PackApproval.objects.get()
    assert (row.code, row.version, row.digest, row.by_id) == ("ent", "1.1", pack.digest(), approver.pk)
    entry = of_subject(row.pk)[0]
    assert entry.act == "pack.approve" and entry.actor == approver.pk
    assert text(browser.get("/packs/")).count(DRAFT) == len(load.specialties()) - 1
    browser.post("/packs/ent/approve/", {"digest": pack.digest(), "secret": SECRET})
    assert PackApproval.objects.count() == 1


def test_changed_words_are_a_draft_again(hub_desk: Desk, approver: Staff, tmp_path: Path) -> None:
    browser, before = hub_desk.at(approver), load.load_specialty("ent")
    approval.approve("ent", before.digest(), approver)
    assert not approval.is_draft(before)
    source = (load.SHIPPED / "specialties" / "ent.toml").read_text(encoding="utf-8")
    (tmp_path / "specialties").mkdir()
    (tmp_path / "specialties" / "ent.toml").write_text(
        source.replace("Ear pain?", "Pain in the ear?"), encoding="utf-8"
    )
    load.use_root(tmp_path)
    assert approval.is_draft(load.load_specialty("ent")) and DRAFT in text(browser.get("/packs/ent/"))
    stale = browser.post("/packs/ent/approve/", {"digest": before.digest(), "secret": SECRET})
    assert stale.status_code == 422 and "has changed since" in text(stale)
    assert PackApproval.objects.count() == 1


def test_an_approval_is_withdrawn_with_a_reason(hub_desk: Desk, approver: Staff) -> None:
    browser, pack = hub_desk.at(approver), load.load_specialty("ent")
    approval.approve("ent", pack.digest(), approver)
    said = {"digest": pack.digest(), "secret": SECRET}
    assert browser.post("/packs/ent/withdraw/", said | {"note": " "}).status_code == 422
    said["note"] = "Nouvelle recommandation"
    assert browser.post("/packs/ent/withdraw/", said | {"secret": ""}).status_code == 422
    done = browser.post("/packs/ent/withdraw/", said, follow=True)
    assert DRAFT in text(done) and "Nouvelle recommandation" in text(done)
    with pytest.raises(Refusal):
        approval.withdraw("ent", pack.digest(), approver, "again")


def test_a_pack_with_a_problem_is_not_approved(hub_desk: Desk, approver: Staff, tmp_path: Path) -> None:
    source = (load.SHIPPED / "specialties" / "ent.toml").read_text(encoding="utf-8")
    (tmp_path / "specialties").mkdir()
    broken = source.replace('%a.battery = true"', '%a.battery = true and %a.battery = false"', 1)
    assert broken != source
    (tmp_path / "specialties" / "ent.toml").write_text(broken, encoding="utf-8")
    load.use_root(tmp_path)
    browser, pack = hub_desk.at(approver), load.load_specialty("ent")
    page = text(browser.get("/packs/ent/"))
    assert "Problems:" in page and "I have read this pack" not in page
    assert browser.post("/packs/ent/approve/", {"digest": pack.digest(), "secret": SECRET}).status_code == 422
    (tmp_path / "specialties" / "ent.toml").write_text("code = ", encoding="utf-8")
    load.clear()
    assert "cannot be used" in text(browser.get("/packs/")) and browser.get("/packs/ent/").status_code == 404


def test_others_read_and_do_not_sign(hub_desk: Desk) -> None:
    heart: Any = hub_desk.crew.heart
    browser, digest = hub_desk.at(heart), load.load_specialty("cardiology").digest()
    assert "I have read this pack" not in text(browser.get("/packs/cardiology/"))
    assert browser.post("/packs/cardiology/approve/", {"digest": digest}).status_code == 403
    with pytest.raises(NotAllowed):
        approval.approve("cardiology", digest, heart)
    assert hub_desk.at(hub_desk.crew.nurse).get("/packs/").status_code == 403
    assert not PackApproval.objects.exists()


def test_the_mark_goes_from_the_case_with_the_approval(hub_desk: Desk, approver: Staff) -> None:
    case = hub_desk.sent()
    cases.accept(case, hub_desk.crew.heart)
    browser, address = hub_desk.at(hub_desk.crew.heart), f"/specialist/case/{case.pk}/"
    assert DRAFT in text(browser.get(address))
    approval.approve("cardiology", load.load_specialty("cardiology").digest(), approver)
    assert DRAFT not in text(browser.get(address))
