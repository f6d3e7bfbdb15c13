"""The check's browser sends what a page's forms offer, as a person's browser would, and nothing else."""

from __future__ import annotations

import httpx
import pytest

from qafila.node.demo.walker import Page, Stuck, _filled

HTML = """
<a href="?staff=7"><span>Fatima</span> <b>O.</b></a>
<form method="post" action="/save/" id="f">
  <input type="hidden" name="csrf" value="t">
  <input name="given" value="A"><textarea name="note">
kept</textarea>
  <select name="one"><option value="x">X</option><option value="y">Y</option></select>
  <select name="many" multiple><option value="1" selected>1</option><option value="2" selected>2</option></select>
  <input type="radio" name="sex" value="female"><input type="radio" name="sex" value="male" checked>
  <input type="checkbox" name="here"><input type="file" name="file"><input name="off" disabled>
  <button>Save</button>
</form>
<form action="/stuck/"><button disabled>Send</button></form>
<form id="act" method="post"></form>
<button form="act" formaction="/start/">Start</button><button form="f" name="new" value="yes">New</button>
<div><input type="radio" name="certainty" value="sure" checked><button name="code" value="I10">I10</button></div>
"""


def page(html: str = HTML) -> Page:
    request = httpx.Request("GET", "https://node/people/01a1fcb3-b8d8-8251-99d9-e44600000018/")
    return Page(httpx.Response(200, text=html, headers={"content-type": "text/html"}, request=request))


def test_unanswered_fields_send_what_the_page_holds() -> None:
    one = page()
    data = _filled(one, one.form(has="given"), {"given": "B"}, set())
    assert data == {"csrf": ["t"], "given": ["B"], "note": ["kept"], "one": ["x"], "many": ["1", "2"], "sex": ["male"]}


def test_only_what_is_offered_can_be_chosen() -> None:
    one = page()
    assert _filled(one, one.form(has="sex"), {"sex": "female", "one": "y"}, set())["sex"] == ["female"]
    with pytest.raises(Stuck, match="does not offer"):
        _filled(one, one.form(has="sex"), {"sex": "other"}, set())


@pytest.mark.parametrize("name", ["absent", "off"])
def test_a_field_that_is_not_there_cannot_be_filled(name: str) -> None:
    one = page()
    with pytest.raises(Stuck, match="has no field"):
        _filled(one, one.form(has="sex"), {name: "x"}, set())


def test_a_disabled_button_stops_its_form() -> None:
    assert page().form(action="/stuck/").stopped
    assert not page().form(action="/save/").stopped


def test_buttons_outside_belong_to_the_form_they_name() -> None:
    assert page().form(action="/start/").id == "act"
    assert ("new", "yes") in {(b.name, b.value) for b in page().form(action="/save/").buttons}


def test_a_fetched_part_goes_into_a_form() -> None:
    one = page()
    one.insert(page(), "/save/")
    form = one.form(action="/save/")
    assert "certainty" in form.names
    assert any(b.value == "I10" for b in form.buttons)


def test_links_by_words_and_no_ids_in_what_is_said() -> None:
    assert page().link(said=("Fatima O.",)).endswith("?staff=7")
    with pytest.raises(Stuck) as stuck:
        page().link("nowhere")
    assert "01a1fcb3" not in str(stuck.value)
