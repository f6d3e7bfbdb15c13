"""Every address of the node. A person's pages stand in that person's folder."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

from qafila.web import clock_page, enrolment, health, link_page
from qafila.web.account import views as account

FOLDERS = (
    "reception", "nurse", "doctor", "specialist", "coordinator", "packs", "records", "prints", "loop", "stock",
    "imaging", "dicomweb", "equipment",
)  # fmt: skip

urlpatterns: list[URLPattern | URLResolver] = [
    path("", account.home, name="home"),
    path("login/", account.login, name="login"),
    path("logout/", account.logout, name="logout"),
    path("language/", account.language, name="language"),
    path("account/", account.account, name="account"),
    path("pin/", account.pin, name="pin"),
    path("lock/", account.lock, name="lock"),
    path("switch/", account.switch, name="switch"),
    path("link/", link_page.page, name="link"),
    path("link/cost/", link_page.cost, name="link-cost"),
    path("link/now/", link_page.now, name="link-now"),
    path("clock/", clock_page.page, name="clock"),
    path("enrol", enrolment.enrol, name="enrol"),
    path("healthz", health.health, name="health"),
]
for folder in FOLDERS:
    if find_spec(f"qafila.web.{folder}") and find_spec(f"qafila.web.{folder}.urls"):
        urlpatterns.append(path(f"{folder}/", include((f"qafila.web.{folder}.urls", folder))))

handler400 = "qafila.web.errors.bad_request"
handler403 = "qafila.web.errors.csrf_failure"
handler404 = "qafila.web.errors.not_found"
handler500 = "qafila.web.errors.failed"
