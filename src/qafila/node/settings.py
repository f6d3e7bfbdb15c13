"""Django settings of one node, read from its directory.

`QAFILA_DIR` names the directory; `node.toml` in it says which node it is and `profile` what it can do. Without a
directory (tests, type checks, `--help`) the settings are those of a node in memory.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from qafila.node.directory import NodeDirectory
from qafila.node.https import csp, https_settings

DIRECTORY = NodeDirectory(Path(os.environ["QAFILA_DIR"])) if os.environ.get("QAFILA_DIR") else None

SECRET_KEY = DIRECTORY.secret("web") if DIRECTORY else "a node in memory keeps no secret"
DEBUG = False
ALLOWED_HOSTS = DIRECTORY.hosts if DIRECTORY else ["*"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "qafila.journal",
    "qafila.sync",
    "qafila.registry",
    "qafila.clinic",
    "qafila.office",
    "qafila.exchange",
    "qafila.web",
    "qafila.node",
]
AUTH_USER_MODEL = "registry.Staff"
AUTHENTICATION_BACKENDS = ["qafila.web.login.StaffBackend"]
PASSWORD_HASHERS = ["qafila.registry.staff.hashing.AsideHasher"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 15}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "qafila.registry.staff.passwords.NotGuessed"},
    {"NAME": "qafila.registry.staff.breached.NotBreached"},
]

DATABASES = DIRECTORY.databases(os.environ.get("QAFILA_PART", "")) if DIRECTORY else NodeDirectory.test_databases()
DATABASE_ROUTERS = ["qafila.journal.here.HereRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MIDDLEWARE = [
    "qafila.web.headers.HeadersMiddleware",
    "qafila.node.forwarded.ForwardedMiddleware",
    "qafila.node.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "qafila.web.middleware.LanguageMiddleware",
    "qafila.web.middleware.PersonMiddleware",
    "qafila.web.middleware.ErrorMiddleware",
    "qafila.web.lease_gate.LeaseMiddleware",
    "qafila.web.headers.PlainMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
if DIRECTORY is not None and DIRECTORY.facts.get("metrics"):
    MIDDLEWARE.insert(3, "qafila.node.metering.MeterMiddleware")
ROOT_URLCONF = "qafila.web.urls"
WSGI_APPLICATION = "qafila.node.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "qafila.web.context.screen",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static", "qafila.web.templatetags.qafila"],
        },
    }
]

LANGUAGES = [("ar", "العربية"), ("fr", "Français"), ("en", "English")]
LANGUAGE_CODE = DIRECTORY.language if DIRECTORY else "en"
LOCALE_PATHS = [Path(__file__).parent.parent / "locale"]
FORMAT_MODULE_PATH = "qafila.web.formats"
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = False
TIME_ZONE = DIRECTORY.time_zone if DIRECTORY else "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = None
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "qafila.web.statics.KnownStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 3600
WHITENOISE_ALLOW_ALL_ORIGINS = False

SESSION_ENGINE = "qafila.web.sessions"
SESSION_COOKIE_AGE = 14 * 3600
# `__Host-`: set by this host over HTTPS alone, for the whole of it. Nodes of one host (a demo) differ by their code.
SESSION_COOKIE_NAME = f"__Host-qafila-{DIRECTORY.code.lower()}" if DIRECTORY else "qafila"
CSRF_COOKIE_NAME = f"__Host-csrf-{DIRECTORY.code.lower()}" if DIRECTORY else "csrf"
LANGUAGE_COOKIE_NAME = "__Host-language" if DIRECTORY else "language"
CSRF_FAILURE_VIEW = "qafila.web.errors.csrf_failure"
LOGIN_URL = "login"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_000_000
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CONTENT_SECURITY_POLICY = csp(DIRECTORY)
globals().update(https_settings(DIRECTORY))

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "qafila.node.logs.line"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "qafila": {"level": "INFO"},
        # Django would print paths and hosts, and on an error a trace.
        "django.security": {"level": "CRITICAL"},
        "django.request": {"level": "ERROR", "handlers": ["console"], "propagate": False},
    },
}
