"""Every address of the node. A person's pages stand in that person's folder."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path, register_converter

from qafila.web import clock_page, enrolment, health, lease_page, link_page, opaque, program_page
from qafila.web.account import colleagues, ministry, passkey, second, security, signs
from qafila.web.account import views as account

register_converter(opaque.Opaque, "opaque")

FOLDERS = (
    "reception", "nurse", "doctor", "specialist", "coordinator", "packs", "records", "prints", "loop", "stock",
    "imaging", "dicomweb", "equipment", "claims", "watch", "privacy",
)  # fmt: skip

urlpatterns: list[URLPattern | URLResolver] = [
    path("", account.home, name="home"),
    path("login/", account.login, name="login"),
    path("login/second/", second.second, name="login-second"),
    path("login/second/options/", second.second_options, name="login-second-options"),
    path("login/setup/", second.setup, name="login-setup"),
    path("login/setup/app/", second.setup_app, name="login-setup-app"),
    path("login/setup/passkey/", second.setup_passkey, name="login-setup-passkey"),
    path("login/setup/options/", second.setup_options, name="login-setup-options"),
    path("login/passkey/", passkey.log_in, name="login-passkey"),
    path("login/passkey/options/", passkey.options, name="login-passkey-options"),
    path("login/ministry/", ministry.leave, name="ministry"),
    path("login/ministry/back/", ministry.back, name="ministry-back"),
    path("logout/", account.logout, name="logout"),
    path("language/", account.language, name="language"),
    path("account/", account.account, name="account"),
    path("account/security/", security.security, name="security"),
    path("account/security/confirm/", security.confirm, name="confirm"),
    path("account/security/confirm/options/", security.confirm_options, name="confirm-options"),
    path("account/security/app/", security.add_app, name="add-app"),
    path("account/security/passkey/", security.add_passkey, name="add-passkey"),
    path("account/security/passkey/options/", security.add_options, name="add-passkey-options"),
    path("account/security/sign/<uuid:factor_id>/", signs.page, name="passkey-signs"),
    path("account/security/sign/<uuid:factor_id>/options/", signs.options, name="passkey-signs-options"),
    path("account/sign/options/", passkey.sign_options, name="sign-options"),
    path("account/security/codes/", security.new_codes, name="new-codes"),
    path("account/security/remove/<uuid:factor_id>/", security.remove, name="remove-factor"),
    path("account/security/password/", security.password, name="password"),
    path("account/security/sessions/", security.end_others, name="end-others"),
    path("account/colleagues/", colleagues.listing, name="colleagues"),
    path("account/colleagues/<uuid:staff_id>/", colleagues.person, name="colleague"),
    path("account/colleagues/<uuid:staff_id>/reset/", colleagues.reset, name="colleague-reset"),
    path("account/colleagues/<uuid:staff_id>/leave/", colleagues.leave, name="colleague-leave"),
    path("pin/", account.pin, name="pin"),
    path("lock/", account.lock, name="lock"),
    path("switch/", account.switch, name="switch"),
    path("link/", link_page.page, name="link"),
    path("link/cost/", link_page.cost, name="link-cost"),
    path("link/now/", link_page.now, name="link-now"),
    path("lease/", lease_page.page, name="lease"),
    path("clock/", clock_page.page, name="clock"),
    path("program/", program_page.page, name="program"),
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
