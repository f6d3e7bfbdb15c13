"""What stands around every page: policy, errors in words, forms that count once, uploads that are too large."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import override_settings
from django.urls import path

from qafila.journal.here import Here
from qafila.registry.staff.models import Staff
from qafila.web import urls
from qafila.web.access import needs, public
from qafila.web.models import Once
from qafila.web.once import key_of, once
from tests.web.vehicle import Vehicle, text, vehicle

SECRET = "Zineb Alaoui, AB123456"


@public
def breaks(request: Any) -> HttpResponse:
    """Fails with words that name a person."""
    raise RuntimeError(SECRET)


@public
def suspects(request: Any) -> HttpResponse:
    """Fails as a forged request does."""
    raise SuspiciousOperation(SECRET)


@needs("staff.manage")
def manages(request: Any) -> HttpResponse:
    """Only for whoever manages staff."""
    return HttpResponse("in")


@public
@once
def fills(request: Any) -> HttpResponse:
    """Refuses every form."""
    return HttpResponse("wrong", status=422)


urlpatterns = [
    *urls.urlpatterns,
    path("breaks/", breaks),
    path("suspects/", suspects),
    path("manages/", manages),
    path("fills/", fills),
]
handler400, handler403, handler404, handler500 = urls.handler400, urls.handler403, urls.handler404, urls.handler500


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made, override_settings(ROOT_URLCONF=__name__):
        yield made


def test_nothing_runs_that_does_not_come_from_the_node(van: Vehicle) -> None:
    answer = van.at("fatima").get("/reception/queue/")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy and "object-src 'none'" in policy
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=", answer.content.decode())


def test_a_page_has_its_landmarks(van: Vehicle) -> None:
    page = van.at("fatima").get("/account/").content.decode()
    for wanted in ('class="skip" href="#content"', '<main id="content"', "<nav ", "<header ", "<h1>"):
        assert wanted in page


@pytest.mark.parametrize(("place", "status"), [("/breaks/", 500), ("/suspects/", 400), ("/no/such/page/", 404)])
@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_what_goes_wrong_is_said_in_words_that_give_nothing_away(
    van: Vehicle, place: str, status: int, language: str, caplog: pytest.LogCaptureFixture
) -> None:
    browser = van.at("fatima")
    browser.post("/language/", {"language": language})
    answer = browser.get(place)
    assert answer.status_code == status
    assert f'<html lang="{language}"' in answer.content.decode()
    assert SECRET not in text(answer) + caplog.text and "Traceback" not in text(answer) + caplog.text


def test_a_part_of_a_page_gets_bare_words(van: Vehicle) -> None:
    answer = van.at("fatima").get("/breaks/", headers={"HX-Request": "true"})
    assert answer.status_code == 500 and answer["Content-Type"].startswith("text/plain")


def test_a_right_that_one_does_not_hold(van: Vehicle) -> None:
    answer = van.at("fatima").get("/manages/")
    assert answer.status_code == 403 and "Your role does not allow this" in text(answer)
    assert text(van.at("hind").get("/manages/")) == "in"


def test_a_part_of_a_page_whose_reader_is_gone_leads_to_the_door(van: Vehicle) -> None:
    answer = Client().get("/account/", headers={"HX-Request": "true"})
    assert answer.status_code == 401 and answer["HX-Redirect"] == "/"


def test_a_form_from_elsewhere_changes_nothing(van: Vehicle) -> None:
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(van.crew["fatima"])
    answer = browser.post("/language/", {"language": "ar"})
    assert answer.status_code == 403 and "This page was open for too long" in text(answer)
    assert Staff.objects.get(username="fatima").interface_language == "en"


def test_an_upload_over_the_limit_is_refused_before_it_is_read(van: Vehicle) -> None:
    answer = van.at("rachid").post(
        "/breaks/", b"", content_type="application/octet-stream", CONTENT_LENGTH=str(200_000_000)
    )
    assert answer.status_code == 413 and "too large" in text(answer)


def test_too_many_fields_are_no_error_of_ours(van: Vehicle) -> None:
    data = {f"f{n}": "x" for n in range(1100)}
    assert van.at("fatima").post("/language/", data).status_code in (400, 413)


def test_a_refused_form_leaves_its_token_free(van: Vehicle) -> None:
    assert van.at("fatima").post("/fills/", {"once": "abcdefgh"}).status_code == 422
    assert Once.objects.count() == 0


def test_a_token_of_one_person_says_nothing_to_another(van: Vehicle) -> None:
    asked = RequestFactory().post("/fills/")
    asked.staff = van.crew["fatima"]
    Once.objects.create(pk=key_of(asked, "abcdefgh"), location="/account/?of=fatima")
    assert van.at("fatima").post("/fills/", {"once": "abcdefgh"})["Location"] == "/account/?of=fatima"
    assert van.at("rachid").post("/fills/", {"once": "abcdefgh"}).status_code == 422


def test_whether_the_node_answers(van: Vehicle) -> None:
    assert Client().get("/healthz").content == b"ok"


def test_the_link_is_said_in_words_beside_its_bars(van: Vehicle) -> None:
    page = text(van.at("fatima").get("/account/"))
    assert "No link" in page and 'class="bars bars-0"' in page
    assert "Link to the hub" in text(van.at("fatima").get("/link/"))
