"""A browser for scripts: pages, their forms, filled in as a person would; nothing is posted that no form offers."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx

Files = Mapping[str, tuple[str, bytes, str]]
Given = Mapping[str, str | Iterable[str]]


class Stuck(Exception):
    """A page was not what it should be; the message says what was looked for, never what a page said of a person."""


@dataclass
class Field:
    """One field of a form as the page has it: `values` are sent when nothing else is given."""

    name: str
    kind: str
    values: list[str]
    offered: set[str] = field(default_factory=set)
    """Of a choice: what may be chosen."""


@dataclass(frozen=True)
class Button:
    """A button that sends its form; `action` where it sends it elsewhere."""

    name: str
    value: str
    action: str = ""


@dataclass
class Form:
    """One form."""

    action: str
    method: str = "get"
    id: str = ""
    fields: list[Field] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)
    stopped: bool = False
    """It has a button that cannot be pressed."""

    @property
    def names(self) -> set[str]:
        """Names of its fields."""
        return {one.name for one in self.fields}

    def offers(self, name: str) -> set[str]:
        """What may be chosen for a field."""
        return {value for one in self.fields if one.name == name for value in one.offered}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.loose: list[tuple[str, Field | Button]] = []
        self.orphans = Form("")
        self.links: list[str] = []
        self.said: list[str] = []
        self.pictures: list[str] = []
        self._link = False
        self.words: list[str] = []
        self._open: Form | None = None
        self._select: Field | None = None
        self._text: Field | None = None
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value if value is not None else "" for name, value in attrs}
        if tag in ("script", "style"):
            self._silent += 1
        if tag in ("img", "object", "embed"):
            self.pictures.append(has.get("src") or has.get("data", ""))
        if tag == "a" and has.get("href"):
            self.links.append(has["href"])
            self.said.append("")
            self._link = True
        elif tag == "form":
            self._open = Form(has.get("action", ""), has.get("method", "get").lower(), has.get("id", ""))
            self.forms.append(self._open)
        elif tag == "option" and self._select is not None:
            value = has.get("value", "")
            self._select.offered.add(value)
            if "selected" in has or (not self._select.values and self._select.kind == "one"):
                self._select.values = [value] if self._select.kind == "one" else [*self._select.values, value]
        elif tag in ("input", "select", "textarea", "button"):
            if "disabled" not in has:
                self._control(tag, has)
            elif tag == "button" and self._open is not None:
                self._open.stopped = True

    def _control(self, tag: str, has: dict[str, str]) -> None:
        name, kind = has.get("name", ""), has.get("type", "submit" if tag == "button" else "text")
        if tag == "button" or (tag == "input" and kind in ("submit", "image")):
            if kind != "button":
                self._keep(Button(name, has.get("value", ""), has.get("formaction", "")), has)
            return
        if not name:
            return
        found = Field(name, kind, [])
        if tag == "select":
            found.kind = "several" if "multiple" in has else "one"
            self._select = found
        elif tag == "textarea":
            found.kind = "text"
            self._text = found
        elif kind in ("radio", "checkbox"):
            value = has.get("value", "on")
            found.offered.add(value)
            found.values = [value] if "checked" in has else []
        elif kind != "file":
            found.values = [has.get("value", "")]
        self._keep(found, has)

    def _keep(self, what: Field | Button, has: dict[str, str]) -> None:
        if has.get("form"):
            self.loose.append((has["form"], what))
        else:
            _into(self._open or self.orphans, what)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._silent -= 1
        elif tag == "a":
            self._link = False
        elif tag == "form":
            self._open = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea" and self._text is not None:
            self._text.values = self._text.values or [""]
            self._text = None

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            # A browser drops the line break after the opening tag.
            self._text.values = ["".join(self._text.values) + (data if self._text.values else data.removeprefix("\n"))]
        elif not self._silent:
            self.words.append(data)
            if self._link:
                self.said[-1] += data

    def done(self) -> None:
        for id_, what in self.loose:
            for form in self.forms:
                if form.id == id_:
                    _into(form, what)


def _into(form: Form, what: Field | Button) -> None:
    if isinstance(what, Field):
        form.fields.append(what)
    else:
        form.buttons.append(what)


class Page:
    """A page that was fetched."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer, self.url, self.status = answer, str(answer.url), answer.status_code
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.said: list[str] = []
        """The words of each link."""
        self.pictures: list[str] = []
        self.orphans = Form("")
        """Fields outside of every form: a part of a page that belongs into one."""
        self.text = ""
        if "html" in answer.headers.get("content-type", ""):
            reader = _Reader()
            reader.feed(answer.text)
            reader.close()
            reader.done()
            self.forms, self.links, self.orphans = reader.forms, reader.links, reader.orphans
            self.pictures = reader.pictures
            self.said = [" ".join(text.split()) for text in reader.said]
            self.text = " ".join(" ".join(reader.words).split())

    @property
    def path(self) -> str:
        """Where it is on its node."""
        return urlsplit(self.url).path

    def form(self, *, action: str = "", has: str = "") -> Form:
        """The form that can be sent to an address that ends like `action`, and has the field `has`. Raises `Stuck`."""
        for one in self.forms:
            targets = [one.action, *[button.action for button in one.buttons if button.action]]
            fits = not action or any(_ends(urljoin(self.url, target), action) for target in targets)
            if fits and (not has or has in one.names):
                return one
        raise Stuck(f"{_quiet(self.path)} has no form {_quiet(action) or has!r}")

    def insert(self, part: Page, action: str) -> None:
        """Put a fetched part of a page into the form of that address, as the page's own script would."""
        form = self.form(action=action)
        form.fields += part.orphans.fields
        form.buttons += part.orphans.buttons

    def link(self, part: str = "", *, said: tuple[str, ...] = ()) -> str:
        """The address of the first link that contains `part`, or that says one of `said`. Raises `Stuck`."""
        for target, text in zip(self.links, self.said, strict=True):
            if (part and part in target) or text in said:
                return urljoin(self.url, target)
        raise Stuck(f"{_quiet(self.path)} has no link {part!r}")


class Browser:
    """One person's browser at one node."""

    def __init__(self, base: str, authority: Path, language: str = "en") -> None:
        context = ssl.create_default_context(cafile=str(authority))
        self.client = httpx.Client(
            base_url=base, verify=context, follow_redirects=True, timeout=30, trust_env=False,
            headers={"Accept-Language": language},
        )  # fmt: skip

    def close(self) -> None:
        """Close its connections."""
        self.client.close()

    def get(self, path: str, *, status: int = 200) -> Page:
        """Open a page. Raises `Stuck` unless it answers with `status`."""
        page = Page(self.client.get(path))
        if page.status != status:
            raise Stuck(f"{_quiet(page.path)} answered {page.status}, not {status}")
        return page

    def send(
        self,
        page: Page,
        given: Given | None = None,
        *,
        action: str = "",
        has: str = "",
        button: tuple[str, str] | None = None,
        files: Files | None = None,
        expect: tuple[int, ...] = (200,),
    ) -> Page:
        """Fill in a form of the page and send it, with a button of it or without. Raises `Stuck`."""
        form = page.form(action=action, has=has)
        if form.stopped and not form.buttons:
            raise Stuck(f"{_quiet(page.path)}: the form cannot be sent as it stands")
        data = _filled(page, form, given or {}, set(files or ()))
        target = form.action
        if button is not None:
            pressed = next((b for b in form.buttons if (b.name, b.value) == button), None)
            if pressed is None:
                raise Stuck(f"{_quiet(page.path)}: the form has no button {button[0]!r}")
            data.setdefault(pressed.name, []).append(pressed.value)
            target = pressed.action or target
        elif action and not _ends(urljoin(page.url, target), action):
            target = next(b.action for b in form.buttons if b.action and _ends(urljoin(page.url, b.action), action))
        target = urljoin(page.url, target) if target else page.url
        headers = {"Referer": page.url}
        if form.method == "post":
            answer = self.client.post(target, data=data, files=dict(files) if files else None, headers=headers)
        else:
            answer = self.client.get(target, params=data, headers=headers)
        after = Page(answer)
        if after.status not in expect:
            raise Stuck(f"{_quiet(urlsplit(target).path)} answered {after.status}")
        return after


def _filled(page: Page, form: Form, given: Given, files: set[str]) -> dict[str, list[str]]:
    unknown = (set(given) | files) - form.names
    if unknown:
        raise Stuck(f"{_quiet(page.path)}: the form has no field {', '.join(sorted(unknown))}")
    data: dict[str, list[str]] = {}
    for one in form.fields:
        if one.name in given:
            wanted = given[one.name]
            values = [wanted] if isinstance(wanted, str) else list(wanted)
            offered = form.offers(one.name)
            if offered and not set(values) <= offered:
                raise Stuck(f"{_quiet(page.path)}: {one.name!r} does not offer {values}")
            data[one.name] = values
        elif one.values:
            data.setdefault(one.name, []).extend(one.values)
    return data


def _ends(url: str, part: str) -> bool:
    return urlsplit(url).path.endswith(part)


def _quiet(path: str) -> str:
    """A path without the ids in it."""
    return "/".join("…" if len(part) >= 32 else part for part in path.split("/"))
