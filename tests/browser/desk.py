"""A person at a screen: one browser context on one node, with everything that a page must keep to."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Response, expect

from qafila.packs.country import Member

TABLET = {"width": 1024, "height": 768}
PHONE = {"width": 412, "height": 915}
DESKTOP = {"width": 1280, "height": 800}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
AXE = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": RULES}, "preload": False, "iframes": False}
QUICKER = Path(__file__).with_name("look_over.js").read_text()
LOADED = f"window.withAxe = () => {{ if (!window.axe) {{ {AXE_SCRIPT}\n{QUICKER} }} return window.lookOver; }};"
"""Axe, read by the browser with the page and run where a page is looked over."""
OPAQUE = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}|(?<=/)\d+(?=/)")
NOT_FOUND_ON_PURPOSE = re.compile(r"the server responded with a status of (4\d\d|507)")
CARRIED = (
    "strict-transport-security", "content-security-policy", "x-content-type-options", "referrer-policy",
    "permissions-policy", "cross-origin-resource-policy",
)  # fmt: skip


def bare(url: str, headers: dict[str, str]) -> list[str]:
    """What an answer lacks of what every answer carries: pages, files, static files, live lists."""
    # Chromium keeps what it may cache without the word on HTTPS.
    wanted = [name for name in CARRIED if "/static/" not in url or name != "strict-transport-security"]
    found = [f"no {name}" for name in wanted if not headers.get(name)]
    if "/static/" not in url and headers.get("cache-control") != "no-store":
        found.append(f"may be kept: {headers.get('cache-control')!r}")
    cookies = headers.get("set-cookie", "").split("\n")
    parts = ("__Host-", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/")
    found += [f"cookie without {part}" for one in cookies if one for part in parts if part.lower() not in one.lower()]
    return found


SCREENS: dict[tuple[Browser, str, str], Desk] = {}
"""The screens of a browser, by node and person: to log in takes longer than most of what is then looked at."""


class Desk:
    """One person's screen. `faults` collects what the browser complains of."""

    def __init__(self, browser: Browser, url: str, size: dict[str, int] | None = None, language: str = "") -> None:
        self.url = url
        self.language = language
        self.wide: dict[str, int] | None = None
        """What the screen was before a look left it as narrow as a telephone."""
        self.member: Member | None = None
        self.context = browser.new_context(
            base_url=url,
            ignore_https_errors=True,
            viewport=size or TABLET,  # type: ignore[arg-type]
            locale={"ar": "ar", "fr": "fr-FR"}.get(language, "en-GB"),
            reduced_motion="reduce",
        )
        if language:
            self.context.add_cookies([{"name": "__Host-language", "value": language, "url": url, "secure": True}])
        # Kept by the browser, instead of sent along with each question; run on the pages that are looked over alone.
        self.context.add_init_script(LOADED)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.faults: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(f"{self.where}: {error}"))
        self.page.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        # A refused form is answered with 4xx on purpose; the browser notes that as an error.
        if message.type == "error" and not NOT_FOUND_ON_PURPOSE.search(message.text):
            self.faults.append(f"{self.where}: {message.text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500 and response.status != 507:
            self.faults.append(f"{response.status} from {response.url}")
        if response.url.startswith("https:"):
            self.faults += [f"{pattern(response.url)}: {fault}" for fault in bare(response.url, response.headers)]

    @property
    def where(self) -> str:
        """The page's address without ids."""
        return pattern(self.page.url.removeprefix(self.url))

    # --- in and out -----------------------------------------------------------------------

    def log_in(self, member: Member) -> Desk:
        """Log in with the password, set the shift's PIN where the node asks for one, and choose the language."""
        self.member = member
        self.page.goto("/login/")
        self.page.locator("input[name=username]").fill(member.username)
        self.page.locator("input[name=password]").fill(member.password)
        self.submit(self.page.locator("form:has(input[name=password])"))
        expect(self.page.locator("input[name=password]")).to_have_count(0)
        if self.page.locator("input[name=again]").count():
            self.page.locator("input[name=pin]").fill(member.pin)
            self.page.locator("input[name=again]").fill(member.pin)
            self.submit(self.page.locator("form:has(input[name=again])"))
        expect(self.page.locator("header form[action='/logout/']")).to_have_count(1)
        return self._speaking()

    @classmethod
    def of(
        cls, browser: Browser, url: str, member: Member, size: dict[str, int] | None = None, language: str = ""
    ) -> Desk:
        """A person's own screen: where they sat before, if they are still in; else after a log-in."""
        key = (browser, url, member.username)
        known = SCREENS.get(key)
        if known is None:
            desk = SCREENS[key] = cls(browser, url, size, language)
            return desk.log_in(member)
        known.language, known.wide = language, None
        known.faults.clear()
        known._sized(size or TABLET).page.goto("/")
        # A screen that nobody touched for a while has locked itself.
        if known.page.locator("header form[action='/logout/']").count() and "/switch/" not in known.page.url:
            return known._speaking()
        known.context.clear_cookies()
        return known.log_in(member)

    def _speaking(self) -> Desk:
        if self.language and self.page.locator("html").get_attribute("lang") != self.language:
            self.choose_language(self.language)
        return self

    def choose_language(self, code: str) -> None:
        """Switch the person's language as they would."""
        self.language = code
        self.page.locator("header .person").click()
        self.page.locator(f"header form[action='/language/'] button[value={code}]").click()
        expect(self.page.locator("html")).to_have_attribute("lang", re.compile(f"^{code}"))

    def submit(self, form: Locator) -> None:
        """Press a form's own button."""
        form.locator("button[type=submit], button:not([type])").first.click()

    def go(self, path: str) -> Desk:
        """Open a page of the node."""
        self.page.goto(path)
        return self

    def leave(self) -> None:
        """Leave the page, which would go on renewing itself; whatever the browser complained of is a failure."""
        self.go("about:blank")
        assert not self.faults, "\n".join(self.faults)

    def close(self) -> None:
        """Put a screen away for good; whatever the browser complained of is a failure."""
        self.context.close()
        assert not self.faults, "\n".join(self.faults)

    # --- what every page keeps to ---------------------------------------------------------

    def look_over(self, seen: dict[tuple[str, str], str] | None = None, *, stay: bool = False) -> list[str]:
        """What is wrong with the page that is open: language, direction, accessibility, width on a telephone.

        With `stay` the screen is left as it was looked at last: who only goes from page to page need not have each one
        laid out three times.
        """
        key = (self.where, self.language)
        if seen is not None:
            if key in seen:
                return []
            seen[key] = self.page.url
        size = self.page.viewport_size or TABLET
        if self.wide:
            found = [*self._language(), *self._width(), *self._sized(self.wide)._axe()]
            self.wide = None
        else:
            found = [*self._language(), *self._axe(), *self._sized(PHONE)._width()]
            if stay and size != PHONE:
                self.wide = {**size}
            else:
                self._sized({**size})
        return [f"{self.language} {self.where}: {fault}" for fault in found]

    def _language(self) -> list[str]:
        lang, direction = self.page.evaluate("[document.documentElement.lang, document.documentElement.dir]")
        wanted = "rtl" if self.language == "ar" else "ltr"
        wrong = [] if not self.language or lang.startswith(self.language) else [f"lang is {lang!r}"]
        return wrong if not self.language or direction == wanted else [*wrong, f"dir is {direction!r}"]

    def _axe(self) -> list[str]:
        found = self._violations()
        covered = {fault for fault in found if fault.startswith("target-size")}
        if covered:
            # what a bar that stays in place covers is free after scrolling: only what is small at both places is small
            self.page.mouse.wheel(0, 200 if self.page.evaluate("scrollY < 200") else -200)
            self.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            covered &= set(self._violations())
        return [fault for fault in found if not fault.startswith("target-size") or fault in covered]

    def _violations(self) -> list[str]:
        violations = self.page.evaluate("options => withAxe()(options)", AXE)
        return [
            f"{rule['id']}: {node['html'][:140]} ({_why(node)})" for rule in violations for node in rule["nodes"][:3]
        ]

    def _sized(self, size: dict[str, int]) -> Desk:
        if self.page.viewport_size != size:
            self.page.set_viewport_size(size)  # type: ignore[arg-type]
        return self

    def _width(self) -> list[str]:
        told = self.page.evaluate(WIDER)
        return [f"{told['over']} px wider than a telephone: {json.dumps(told['by'])[:300]}"] if told["over"] > 0 else []


WIDER = """() => {
  const room = document.documentElement.clientWidth;
  const over = document.documentElement.scrollWidth - room;
  const by = over <= 0 ? [] : [...document.querySelectorAll('body *')].filter(e => {
    const box = e.getBoundingClientRect();
    return box.width > 0 && (box.right > room + 1 || box.left < -1);
  }).slice(-4).map(e => e.outerHTML.slice(0, 90));
  return {over, by};
}"""


def _why(node: dict[str, Any]) -> str:
    checks = [*node.get("any", []), *node.get("all", []), *node.get("none", [])]
    return "; ".join(str(check.get("message", ""))[:160] for check in checks[:1])


def pattern(path: str) -> str:
    """An address with its ids taken out."""
    return OPAQUE.sub("…", path.split("?")[0].split("#")[0])


def crawl(
    desk: Desk, starts: list[str], visit: Callable[[Desk], None], known: set[str] | None = None, most: int = 60
) -> set[str]:
    """Follow every link on the node from these pages, one page of each kind; the kinds that were visited.

    A page of a kind that is `known` from another person's crawl is asked for and its links are followed, but it is not
    drawn and looked over once more.
    """
    waiting, done = [(path, "the start") for path in starts], set[str]()
    while waiting and len(done) < most:
        path, source = waiting.pop(0)
        if pattern(path) in done:
            continue
        done.add(pattern(path))
        if known is not None and pattern(path) in known:
            asked = desk.context.request.get(desk.url + path)
            status, kind, where = asked.status, asked.headers.get("content-type", ""), pattern(path)
            links = HREF.findall(asked.text()) if kind.startswith("text/html") else []
        else:
            answer = desk.page.goto(path)
            if answer is None:
                continue
            status, kind, where, links = answer.status, answer.headers.get("content-type", ""), desk.where, []
            if kind.startswith("text/html") and status < 400:
                visit(desk)
                links = desk.page.eval_on_selector_all("a[href]", "found => found.map(a => a.getAttribute('href'))")
        assert status < 400, f"{status} at {pattern(path)}, which {source} leads to"
        for link in links:
            inside = urljoin(desk.url + path, unescape(link))
            if inside.startswith(desk.url + "/") and not BINARY.search(inside.removeprefix(desk.url)):
                waiting.append((inside.removeprefix(desk.url).split("#")[0], where))
    if known is not None:
        known |= done
    return done


HREF = re.compile(r"<a\s[^>]*?href=\"([^\"]+)\"")


BINARY = re.compile(r"/(pdf|file|blob|download|static|logout|print|csv)s?(/|$)|\.(pdf|dcm|png|jpe?g|svg|csv)($|\?)")
