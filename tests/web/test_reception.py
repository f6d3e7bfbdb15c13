"""The reception's pages: finding, registering, changing, rounds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from qafila.clinic.visits.models import Draft, Visit
from qafila.journal.here import Here
from qafila.journal.models import Clash, Read
from qafila.kernel.dates import PartialDate
from qafila.registry.people import acts
from qafila.registry.people.details import NameParts
from qafila.registry.people.models import Person, PersonLink
from qafila.registry.people.queries import get, names_of
from qafila.registry.places.here import local_day
from qafila.registry.units.acts import plan_round, plan_stop
from qafila.registry.units.models import Round, Stop
from qafila.web.opaque import shown
from tests.web.vehicle import Vehicle, fields, text, vehicle

ARABIC = NameParts("Arab", "فاطمة", "", "بن علي")
LATIN = NameParts("Latn", "Fatima", "", "Benali")
NEW = {"given": "Zineb", "family": "Alaoui", "sex": "female", "birth": "34", "phone": "0612345678"}


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


@pytest.fixture
def known(van: Vehicle) -> Person:
    facts = {"sex": "female", "birth": PartialDate(1984), "national_id": "AB123456", "phone": "0611111111"}
    return acts.register(van.crew["fatima"], van.unit, names=[ARABIC, LATIN], **facts)


def test_two_taps_from_the_search_to_the_queue(van: Vehicle, known: Person) -> None:
    browser = van.at("fatima")
    found = browser.post("/reception/queue/search/", {"q": "بن علي"}, headers={"HX-Request": "true"})
    assert "فاطمة بن علي" in text(found) and "Fatima Benali" in text(found) and "<html" not in text(found)
    done = browser.post(f"/reception/queue/open/{known.pk}/", fields(found, "queue/open"), follow=True)
    assert "In the queue with number 1." in text(done)
    assert Visit.objects.get().person_id == known.pk
    again = browser.post("/reception/queue/search/", {"q": "AB123456"})
    assert "In the queue: number 1" in text(again)


def test_a_form_sent_twice_counts_once(van: Vehicle, known: Person) -> None:
    browser = van.at("fatima")
    form = browser.get("/reception/people/register/")
    posted = NEW | {"once": fields(form, 'id="register"')["once"]}
    for _ in range(2):
        assert browser.post("/reception/people/register/", posted).status_code == 302
    assert Person.objects.count() == 2 and Visit.objects.count() == 1


def test_registered_and_in_the_queue_in_one_screen(van: Vehicle) -> None:
    plan_stop(
        plan_round(van.unit, "North", local_day(), local_day(), None), local_day(), "05.081.03.09", "Market", None
    )
    done = van.at("fatima").post("/reception/people/register/", NEW | {"here": "on", "reason": "cough"}, follow=True)
    assert "Registered, in the queue with number 1." in text(done)
    visit = Visit.objects.get()
    person = get(visit.person_id)
    assert person is not None and (person.place, person.phone, person.sex) == ("05.081.03.09", "0612345678", "female")
    assert person.birth_date is not None and person.birth_date.year == local_day().year - 34
    assert visit.reason == "cough" and visit.stop_id == Stop.objects.get().pk
    assert [n.text for n in names_of([person.pk])[person.pk]] == ["Zineb Alaoui"]


def test_mistakes_are_said_at_their_fields_and_nothing_is_written(van: Vehicle) -> None:
    wrong = {"given": "", "birth": "31/02/2000", "phone": "abc", "place": "Xqzzwv"}
    answer = van.at("fatima").post("/reception/people/register/", wrong)
    assert answer.status_code == 422
    for words in ("There is no such day", "No such place"):
        assert words in text(answer)
    answer = van.at("fatima").post("/reception/people/register/", {"given": "", "phone": "abc"})
    assert answer.status_code == 422 and "is not a telephone number" in text(answer)
    assert not Person.objects.exists() and not Visit.objects.exists()


def test_a_very_old_date_is_asked_about_once(van: Vehicle) -> None:
    browser = van.at("fatima")
    answer = browser.post("/reception/people/register/", NEW | {"birth": "1890"})
    assert answer.status_code == 422 and 'name="birth_confirm" value="1890"' in answer.content.decode()
    done = browser.post("/reception/people/register/", NEW | {"birth": "1890", "birth_confirm": "1890"})
    assert done.status_code == 302


def test_a_two_digit_year_is_chosen(van: Vehicle) -> None:
    browser = van.at("fatima")
    answer = browser.post("/reception/people/register/", NEW | {"birth": "1/2/12"})
    assert answer.status_code == 422 and 'value="1912-02-01"' in answer.content.decode()
    assert (
        browser.post("/reception/people/register/", NEW | {"birth": "1/2/12", "birth_choice": "1912-02-01"}).status_code
        == 302
    )
    assert Person.objects.get().birth_date.year == 1912


def test_a_likely_duplicate_is_offered_never_forced(van: Vehicle, known: Person) -> None:
    browser = van.at("fatima")
    typed = {"given": "Fatma", "family": "Ben Ali", "sex": "female", "birth": "1984"}
    answer = browser.post("/reception/people/register/", typed)
    assert answer.status_code == 409 and "Is it one of these people?" in text(answer) and known.code in text(answer)
    assert Person.objects.count() == 1
    assert browser.post("/reception/people/register/", typed | {"new": "yes"}).status_code == 302
    assert Person.objects.count() == 2


def test_the_same_national_number_opens_that_person_or_asks_why(van: Vehicle, known: Person) -> None:
    browser = van.at("fatima")
    typed = NEW | {"national_id": "ab 123456"}
    answer = browser.post("/reception/people/register/", typed)
    assert answer.status_code == 409 and "held by somebody already" in text(answer) and known.code in text(answer)
    assert Person.objects.count() == 1 and not Visit.objects.exists()
    assert browser.post("/reception/people/register/", typed | {"same_id_reason": "cousin"}).status_code == 302


def test_a_newborn_from_the_mothers_page(van: Vehicle, known: Person) -> None:
    browser = van.at("fatima")
    form = browser.get(f"/reception/people/register/?mother={known.pk}")
    assert known.code in text(form)
    born = {"circumstance": "newborn", "mother_code": known.code, "birth": "0 d", "sex": "male", "birth_order": "1"}
    assert browser.post("/reception/people/register/", born).status_code == 302
    twin = browser.post("/reception/people/register/", born | {"birth_order": "2"})
    assert twin.status_code == 302
    relations = sorted(PersonLink.objects.values_list("relation", flat=True))
    assert relations == ["mother", "mother", "twin"]
    queue = text(browser.get("/reception/queue/"))
    assert "Newborn boy, no name yet" in queue and "0 days" in queue
    assert browser.post("/reception/people/register/", born | {"mother_code": "nobody"}).status_code == 422


def test_an_unknown_person_is_described_then_identified(van: Vehicle) -> None:
    browser = van.at("fatima")
    typed = {"circumstance": "unidentified", "sex": "male"}
    assert browser.post("/reception/people/register/", typed).status_code == 422
    assert browser.post("/reception/people/register/", typed | {"description": "by the road"}).status_code == 302
    person = Person.objects.get()
    page = text(browser.get(f"/reception/people/{person.pk}/"))
    assert "Unknown man" in page and "by the road" in page and "no papers" in page
    named = browser.post(f"/reception/people/{person.pk}/names/", {"given": "سعيد", "use": "official"}, follow=True)
    assert "سعيد" in text(named)
    assert get(person.pk).circumstance == "ordinary"  # type: ignore[union-attr]


def test_looking_at_a_person_is_noted(van: Vehicle, known: Person) -> None:
    assert van.at("fatima").get(f"/reception/people/{known.pk}/").status_code == 200
    assert Read.objects.get().actor == van.crew["fatima"].pk


def test_two_tablets_change_one_field_and_both_values_stay(van: Vehicle, known: Person) -> None:
    browser, other = van.at("fatima"), van.at("rachid")
    url = f"/reception/people/{known.pk}/edit/"
    first, second = browser.get(url), other.get(url)

    def posted(page: object, **changes: str) -> dict[str, str]:
        shown = fields(page, "seen")  # type: ignore[arg-type]
        initial = {k.removeprefix("initial-"): v for k, v in shown.items() if k.startswith("initial-")}
        return shown | {k: v for k, v in initial.items() if v != "False"} | changes

    browser.post(url, posted(first, phone="0622222222"))
    answer = other.post(url, posted(second, phone="0633333333", address="school"), follow=True)
    page = text(answer)
    assert "both values are kept" in page and "Two values: Telephone" in page
    assert "0622222222" in page and "0633333333" in page
    assert get(known.pk).address == "school"  # type: ignore[union-attr]
    settle = f"/records/clashes/{shown(Clash.objects.get(open=True).pk)}/"
    assert settle not in page and other.post(settle, {"keep": "1"}).status_code == 403
    doctor = van.at("salma")
    assert settle in text(doctor.get(f"/reception/people/{known.pk}/"))
    assert "Settled" in text(doctor.post(settle, {"keep": "1"}, follow=True))
    assert "Two values" not in text(doctor.get(f"/reception/people/{known.pk}/"))
    assert get(known.pk).phone == "0622222222"  # type: ignore[union-attr]


def test_what_was_not_touched_is_not_written(van: Vehicle, known: Person) -> None:
    url = f"/reception/people/{known.pk}/edit/"
    page = van.at("fatima").get(url)
    shown = fields(page, "seen")
    acts.edit(get(known.pk), van.crew["rachid"], {"phone": "0699999999"})  # type: ignore[arg-type]
    same = {k.removeprefix("initial-"): v for k, v in shown.items() if k.startswith("initial-") and v != "False"}
    assert van.at("fatima").post(url, shown | same | {"address": "mill"}).status_code == 302
    kept = get(known.pk)
    assert kept is not None and (kept.phone, kept.address) == ("0699999999", "mill")


def test_a_forged_form_is_a_clear_refusal(van: Vehicle, known: Person) -> None:
    answer = van.at("fatima").post(f"/reception/people/{known.pk}/edit/", {"seen": "[", "phone": "0622222222"})
    assert answer.status_code == 422


def test_a_death_with_its_source(van: Vehicle, known: Person) -> None:
    browser, url = van.at("fatima"), f"/reception/people/{known.pk}/death/"
    late = (local_day() + timedelta(days=1)).isoformat()
    assert "in the future" in text(browser.post(url, {"died_on": late, "died_source": "family"}))
    done = browser.post(url, {"died_on": local_day().isoformat(), "died_source": "family"}, follow=True)
    assert "deceased" in text(done)
    refused = browser.post(f"/reception/queue/open/{known.pk}/", follow=True)
    assert "recorded as deceased" in text(refused) and not Visit.objects.exists()


def test_the_card_holds_the_code_alone(van: Vehicle, known: Person) -> None:
    page = van.at("fatima").get(f"/reception/people/{known.pk}/card/").content.decode()
    assert known.code in page and "<svg" in page and "style=" not in page


def test_links_by_the_code_on_the_card(van: Vehicle, known: Person) -> None:
    child = acts.register(van.crew["fatima"], van.unit, names=[NameParts("Latn", "Adam")])
    url = f"/reception/people/{child.pk}/"
    browser = van.at("fatima")
    assert browser.post(f"{url}links/", {"relation": "guardian", "other": "nobody at all"}).status_code == 422
    assert browser.post(f"{url}links/", {"relation": "guardian", "other": known.code}).status_code == 302
    link = PersonLink.objects.get()
    assert "Fatima Benali" in text(browser.get(url)) and "is guardian of" in text(
        browser.get(f"/reception/people/{known.pk}/")
    )
    assert browser.post(f"{url}links/{link.pk}/withdraw/").status_code == 302
    assert "Nobody is linked." in text(browser.get(url))


def test_names_are_corrected_and_the_last_one_stays(van: Vehicle, known: Person) -> None:
    browser = van.at("fatima")
    rows = names_of([known.pk])[known.pk]
    url = f"/reception/people/{known.pk}/names/"
    assert browser.get(f"{url}{rows[0].pk}/").status_code == 200
    assert browser.post(f"{url}{rows[0].pk}/", {"given": "زينب", "use": "usual"}).status_code == 302
    assert browser.post(f"{url}{rows[0].pk}/", {"given": "", "use": "usual"}).status_code == 422
    assert browser.post(f"{url}{rows[0].pk}/withdraw/").status_code == 302
    assert "only name" in text(browser.post(f"{url}{rows[1].pk}/withdraw/", follow=True))


def test_rounds_and_stops_are_typed_in(van: Vehicle) -> None:
    browser, today = van.at("fatima"), local_day()
    bad = {"name": "North", "starts": today.isoformat(), "ends": (today - timedelta(days=1)).isoformat()}
    assert browser.post("/reception/rounds/", bad).status_code == 422
    assert browser.post("/reception/rounds/", bad | {"ends": today.isoformat()}).status_code == 302
    tour = Round.objects.get()
    url = f"/reception/rounds/{tour.pk}/"
    assert browser.post(url, {"day": today.isoformat(), "place": "Atlantis"}).status_code == 422
    outside = (today + timedelta(days=3)).isoformat()
    assert "do not fit" in text(browser.post(url, {"day": outside, "place": "Tabant"}))
    assert (
        browser.post(url, {"day": today.isoformat(), "place": "Tabant, Azilal", "locality": "Souk"}).status_code == 302
    )
    stop = Stop.objects.get()
    assert browser.post(f"/reception/rounds/stops/{stop.pk}/held/").status_code == 302
    assert browser.post(f"/reception/rounds/stops/{stop.pk}/eaten/").status_code == 404
    assert "Souk" in text(browser.get("/reception/queue/"))


def test_each_role_sees_its_own_next_step(van: Vehicle, known: Person) -> None:
    van.at("fatima").post(f"/reception/queue/open/{known.pk}/")
    assert "/vitals/" not in text(van.at("fatima").get("/reception/queue/"))
    assert "/start/" in text(van.at("rachid").get("/reception/queue/rows/"))
    assert van.at("hind").get("/reception/queue/").status_code == 403
    visit = Visit.objects.get()
    assert van.at("fatima").post(f"/reception/queue/{visit.pk}/left/").status_code == 302
    again = van.at("fatima").post(f"/reception/queue/{visit.pk}/left/", follow=True)
    assert "Somebody else has just changed this visit" in text(again)
    assert "1 visit finished today" in text(again)
    assert van.at("fatima").post(f"/reception/queue/{visit.pk}/eat/").status_code == 404


def test_a_queue_of_thirty_costs_as_many_queries_as_one_of_three(van: Vehicle) -> None:
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    browser, by, costs = van.at("rachid"), van.crew["fatima"], []
    browser.get("/reception/queue/")
    for size in (3, 30):
        for n in range(size - Person.objects.count()):
            person = acts.register(by, van.unit, names=[NameParts("Latn", f"Somebody{n}", family="Else")])
            browser_open = van.at("fatima").post(f"/reception/queue/open/{person.pk}/")
            assert browser_open.status_code == 302
        with CaptureQueriesContext(connections["default"]) as asked:
            assert browser.get("/reception/queue/").status_code == 200
        costs.append(len(asked))
    assert costs[0] == costs[1]


def test_a_draft_of_the_form_comes_back_and_can_be_thrown_away(van: Vehicle) -> None:
    browser = van.at("fatima")
    assert browser.post("/nurse/draft/", {"draft": "register", "given": "Zineb"}).status_code == 204
    assert 'value="Zineb"' in text(browser.get("/reception/people/register/"))
    assert 'value="Zineb"' not in text(van.at("rachid").get("/reception/people/register/"))
    assert browser.post("/nurse/draft/", {"draft": "register", "discard": "yes"}).status_code == 204
    assert not Draft.objects.exists()


@pytest.mark.parametrize("given", ["../../etc", "", "a" * 81, "<script>"])
def test_a_draft_of_an_odd_name_is_refused(van: Vehicle, given: str) -> None:
    assert van.at("fatima").post("/nurse/draft/", {"draft": given, "x": "1"}).status_code == 400


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_every_page_speaks_the_language_and_keeps_names_out_of_addresses(
    van: Vehicle, known: Person, language: str
) -> None:
    from qafila.registry.staff.acts import set_language

    set_language(van.crew["fatima"], language, van.crew["fatima"])
    browser = van.at("fatima")
    for url in ("queue/", "people/register/", "rounds/", f"people/{known.pk}/", f"people/{known.pk}/edit/"):
        page = browser.get(f"/reception/{url}")
        assert page.status_code == 200 and f'lang="{language}"' in text(page)
        assert "Fatima" not in "".join(part.split('"')[0] for part in text(page).split('href="')[1:])
