"""What people with bad intentions type, and what careless programs send. All of it means nothing to anybody."""

from __future__ import annotations

RAN = "xss-ran"
"""A title that a page would have if a script of the corpus had run."""
XSS = (
    f"<script>document.title='{RAN}'</script>",
    f"\"><script>document.title='{RAN}'</script>",
    f"'><img src=x onerror=\"document.title='{RAN}'\">",
    f"<svg/onload=document.title='{RAN}'>",
    f"</textarea></title><body onload=document.title='{RAN}'>",
    f"<details open ontoggle=document.title='{RAN}'>",
    f"<a href=\"javascript:document.title='{RAN}'\">x</a>",
    f"javascript:document.title='{RAN}'",
    f"<iframe srcdoc=\"<script>parent.document.title='{RAN}'</script>\">",
    f"<math><mtext></form><form><mglyph><style></math><img src onerror=document.title='{RAN}'>",
    "<meta http-equiv=refresh content=\"0;url=https://evil.example/\">",
    "<base href=https://evil.example/>",
    "{{7*7}}{% debug %}{{request}}",
    "${7*7}<%= 7*7 %>%(name)s%s%n{0.__class__}",
    "&lt;script&gt;&#x3c;script&#62;",
    "<div hx-get=/logout/ hx-trigger=load hx-swap=none>",
    "<style>*{display:none}</style><link rel=stylesheet href=https://evil.example/x.css>",
)  # fmt: skip
BIDI = (
    "\u202eevil\u202c",
    "مريم\u202eabc",
    "\u2067\u2067\u2067abc",
    "a\u2069\u2069\u2069b\u202e",
    "\u200f\u200e\u061cABC",
    "\u202dabc\u2066def",
)
FORMULAS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "=cmd|'/C calc'!A0",
    "＝1+1",
    '=HYPERLINK("https://evil.example")',
)
ODD = (
    "\0",
    "a\0b",
    "\ud800",
    "\uffff\ufffe",
    "ﷺ" * 300,
    "e" + "\u0301" * 500,
    "x" * 20_000,
    "9" * 400,
    "-1",
    "²",
    "٣",
    "①",
    "1e400",
    "NaN",
    "Infinity",
    "0x10",
    "2026-13-45",
    "0000-00-00",
    "99999999999999999999",
    "true\nfalse",
    "a\r\nSet-Cookie: evil=1\r\n\r\n<html>",
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "file:///etc/passwd",
    "' OR '1'='1' --",
    "1;DROP TABLE journal_record",
    "[]", "{}", "[[[[[[[[[[", '{"a":' * 60, "null", '"', "'", "\\", "%", "%%", "%00", "*", "(" * 60, "a" * 50 + "!",
    "🏳️‍🌈👩🏽‍⚕️", "\u0000\u0001\u001b[31m", "\x85\u2028\u2029",
)  # fmt: skip
ELSEWHERE = (
    "https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example", "\\\\evil.example",
    "https:evil.example",
    "http:///evil.example", "javascript:alert(1)", "data:text/html,x", "/%09/evil.example", "\t//evil.example",
    "https://testserver@evil.example/", "https://testserver.evil.example/", "/\r\nSet-Cookie:a=b",
    "//evil.example\\@testserver",
    "http://[::1", "https://évil.example/", "/\u2028//evil.example",
)  # fmt: skip
"""Where no `next` may lead."""
ALL = XSS + BIDI + FORMULAS + ODD + ELSEWHERE
TURNS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Bidi controls. Of these a page may hold isolates of its own making alone."""
