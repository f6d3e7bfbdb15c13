"""A node's directory: who it is, its keys, its database, its files.

node.toml      code, profile, country, programme, address and ports
keys/          database.key, web.key, node signing key, TLS certificates (0600); see `sync.vault`
data.db        the encrypted database (of a node on SQLCipher)
blobs/         attachments, chunk by chunk, encrypted

Packs and vault are loaded where they are asked for: the process of the live lists only wants to know ports and names.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qafila.journal.here import Here

if TYPE_CHECKING:
    from qafila.packs.profile import Profile


class NodeError(Exception):
    """A directory that is no node, or a node that cannot be made there. The message says what to do."""


class NodeDirectory:
    """The directory of one node."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    @cached_property
    def facts(self) -> dict[str, Any]:
        """`node.toml`. Raises `NodeError`."""
        try:
            with (self.path / "node.toml").open("rb") as file:
                return tomllib.load(file)
        except FileNotFoundError:
            raise NodeError(f"{self.path} holds no node: make one with 'qafila node create PROFILE DIR'") from None
        except tomllib.TOMLDecodeError as error:
            raise NodeError(f"{self.path / 'node.toml'} cannot be read: {error}") from error

    @property
    def code(self) -> str:
        """The node's code, unique in its jurisdiction."""
        return str(self.facts["code"])

    @cached_property
    def profile(self) -> Profile:
        """What this kind of node can do."""
        from qafila.packs.load import profile

        return profile(str(self.facts["profile"]))

    @property
    def country(self) -> str:
        """Code of its country pack."""
        return str(self.facts["country"])

    @property
    def residency(self) -> str:
        """Where records may go: `national`, or `consented` (abroad too, with consent and authorisation). A word that is
        neither is `national`."""
        return "consented" if self.facts.get("residency") == "consented" else "national"

    @property
    def language(self) -> str:
        """The language of its login page."""
        from qafila.packs.load import country

        return str(self.facts.get("language") or country(self.country).default_language)

    @property
    def time_zone(self) -> str:
        """IANA name."""
        from qafila.packs.load import country

        return str(self.facts.get("time_zone") or country(self.country).time_zone)

    @property
    def hosts(self) -> list[str]:
        """Names and addresses under which its pages are reached."""
        return [str(h) for h in self.facts.get("hosts", ["localhost", "127.0.0.1"])]

    @property
    def port(self) -> int:
        """Port of its pages."""
        return int(self.facts["port"])

    @property
    def live_port(self) -> int:
        """Port of held connections (live lists)."""
        return int(self.facts.get("live_port", self.port + 100))

    @property
    def sync_port(self) -> int:
        """Port at which other nodes call it."""
        return int(self.facts.get("sync_port", self.port + 200))

    @property
    def dicom_port(self) -> int:
        """Port at which imaging devices call it."""
        return int(self.facts.get("dicom_port", self.port + 300))

    @property
    def dicom_title(self) -> str:
        """Its DICOM application entity title."""
        return str(self.facts.get("dicom_title") or f"QAFILA-{self.code}")[:16]

    @property
    def dicom_tls(self) -> str:
        """`no`, `yes` (DICOM inside TLS alone) or `mutual` (callers show a certificate of its authority, too)."""
        said = str(self.facts.get("dicom_tls", "no"))
        return said if said in ("yes", "mutual") else "no"

    @property
    def live_origins(self) -> list[str]:
        """Origins of the live connections, for the page's policy."""
        return [f"https://{h}:{self.live_port}" for h in self.hosts if "*" not in h]

    @property
    def second_factor(self) -> str:
        """`demanded` of everybody on this node, `offered` to them (on a hub: for a trial or a demonstration), or empty:
        as its profile says."""
        said = str(self.facts.get("second_factor", ""))
        return said if said in ("demanded", "offered") else ""

    def key_file(self, name: str) -> Path:
        """Path of a key."""
        return self.path / "keys" / f"{name}.key"

    def secret(self, name: str) -> str:
        """A secret of the node, made at the first call; 64 hexadecimal digits."""
        from qafila.sync import vault

        file = self.key_file(name)
        if vault.locked(self.path):
            raise NodeError(f"{self.code} is locked: open it on its page, or with 'qafila vault open {self.path}'")
        if not file.exists():
            if (self.path / "wiped").exists():
                raise NodeError(f"{self.code} was wiped by order of its hub: make a new node")
            file.parent.mkdir(mode=0o700, exist_ok=True)
            fresh = file.with_suffix(f".{os.getpid()}")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_hex(32))
            try:
                os.link(fresh, file)
            except FileExistsError:
                pass
            fresh.unlink()
            vault.keep(file.parent)
        return file.read_text().strip()

    @property
    def pages_role(self) -> str:
        """The PostgreSQL role of the pages, whom the policies of `node.walls` bind; empty: there is no second wall."""
        wanted = self.facts.get("database", {})
        return str(wanted.get("pages", "")) if wanted.get("engine") == "postgresql" else ""

    def databases(self, part: str = "") -> dict[str, Any]:
        """Django's DATABASES: SQLCipher, SQLCipher for a hub on trial, or PostgreSQL as `node.toml` says.

        `part`: the process, as `node.server` names it; the pages connect as their own role, where there is one.
        """
        wanted = self.facts.get("database", {})
        if wanted.get("engine") == "postgresql":
            pages = self.pages_role if part == "web" else ""
            key = "postgresql-pages" if pages else "postgresql"
            return {
                "default": {
                    "ENGINE": "django.db.backends.postgresql",
                    "NAME": wanted["name"],
                    "USER": pages or wanted.get("user", ""),
                    "HOST": wanted.get("host", ""),
                    "PORT": str(wanted.get("port", "")),
                    "PASSWORD": self.secret(key) if wanted.get("password") else "",
                    "CONN_MAX_AGE": None,
                    "CONN_HEALTH_CHECKS": True,
                }
            }
        self.secret("database")
        return {
            "default": {
                "ENGINE": "qafila.node.sqlcipher",
                "NAME": str(self.path / "data.db"),
                "OPTIONS": {"key_file": str(self.key_file("database"))},
                "CONN_MAX_AGE": None,
            }
        }

    @staticmethod
    def test_databases() -> dict[str, Any]:
        """Databases of a process without a directory; the tests name their own through the environment."""
        if os.environ.get("QAFILA_TEST_DATABASES"):
            import json

            found: dict[str, Any] = json.loads(os.environ["QAFILA_TEST_DATABASES"])
            return found
        return {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}

    def here(self) -> Here:
        """The node as the journal sees it."""
        return Here(
            node=self.code,
            kind=self.profile.name,
            custodian=str(self.facts.get("custodian", "")),
            programme=str(self.facts.get("programme", "")),
            directory=self.path,
            confirmed_by_hub=self.profile.calls_hub,
        )


def current() -> NodeDirectory:
    """The directory of the node that this process belongs to. Raises `NodeError`."""
    from django.conf import settings

    found: NodeDirectory | None = settings.DIRECTORY
    if found is None:
        raise NodeError("this process belongs to no node: QAFILA_DIR is not set")
    return found
