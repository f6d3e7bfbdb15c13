"""Settings of a hub without what keeps people out: what the safety costs is the difference. For measuring alone."""

from qafila.node.settings import *  # noqa: F403
from qafila.node.settings import MIDDLEWARE as FULL

GUARDS = (
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "qafila.web.headers.HeadersMiddleware",
    "qafila.web.headers.PlainMiddleware",
)
MIDDLEWARE = [one for one in FULL if one not in GUARDS]
PASSWORD_HASHERS = ["bench.load.cheap.CheapHasher"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME, LANGUAGE_COOKIE_NAME = "session", "csrf", "language"
SECURE_HSTS_SECONDS = 0
