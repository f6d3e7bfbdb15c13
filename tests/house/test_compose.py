"""The descriptions for containers, as far as they can be judged where nothing can be built: shape and promises."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house.tree import ROOT

COMPOSE = sorted((ROOT / "deploy" / "compose").glob("*.yaml"))
TEXTS = {"type": "array", "items": {"type": "string"}}
SERVICE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["image", "restart", "security_opt", "logging"],
    "properties": {
        "image": {"type": "string", "pattern": "^(docker\\.io/library|localhost)/"},
        "build": {
            "type": "object",
            "additionalProperties": False,
            "required": ["context", "dockerfile"],
            "properties": {"context": {"type": "string"}, "dockerfile": {"type": "string"}},
        },
        "command": TEXTS,
        "environment": {"type": "object", "additionalProperties": {"type": "string"}},
        "depends_on": {"anyOf": [TEXTS, {"type": "object"}]},
        "init": {"const": True},
        "read_only": {"const": True},
        "tmpfs": TEXTS,
        "volumes": TEXTS,
        "network_mode": {"enum": ["host", "none"]},
        "cap_drop": {"const": ["ALL"]},
        "cap_add": {"const": ["NET_BIND_SERVICE"]},
        "security_opt": {"const": ["no-new-privileges:true"]},
        "restart": {"const": "unless-stopped"},
        "stop_grace_period": {"type": "string", "pattern": "^\\d+[sm]$"},
        "shm_size": {"type": "string"},
        "healthcheck": {
            "type": "object",
            "required": ["test", "interval", "timeout", "retries"],
            "properties": {"test": {"type": "array", "contains": {"const": "CMD"}}},
        },
        "logging": {"const": {"driver": "journald"}},
    },
}
FILE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "services", "volumes"],
    "properties": {
        "name": {"type": "string"},
        "services": {"type": "object", "additionalProperties": SERVICE},
        "volumes": {"type": "object"},
    },
}
"""What of the Compose Specification is used here, and nothing beside it."""


def loaded(file: Path) -> Any:
    return yaml.safe_load(file.read_text())


@pytest.mark.parametrize("file", COMPOSE, ids=lambda p: p.stem)
def test_a_description_has_its_shape(file: Path) -> None:
    # Loading it takes seconds, and every test process would do so while it collects.
    from jsonschema import Draft202012Validator

    wrong = [f"{'/'.join(map(str, e.path))}: {e.message}" for e in Draft202012Validator(FILE).iter_errors(loaded(file))]
    assert wrong == []


@pytest.mark.parametrize("file", COMPOSE, ids=lambda p: p.stem)
def test_what_it_names_is_there(file: Path) -> None:
    told = loaded(file)
    for name, service in told["services"].items():
        for volume in service.get("volumes", ()):
            source = re.sub(r"^\$\{[^}]*\}", "/named", volume).split(":")[0]
            if source.startswith("."):
                assert (file.parent / source).resolve().is_file(), volume
            elif not source.startswith("/"):
                assert source in told["volumes"], volume
        build = service.get("build")
        assert not build or (file.parent / build["context"] / build["dockerfile"]).is_file(), name
        assert set(service.get("depends_on", ())) <= told["services"].keys()


@pytest.mark.parametrize("file", COMPOSE, ids=lambda p: p.stem)
def test_no_secret_stands_in_it(file: Path) -> None:
    assert not re.search(r"(?i)(password|secret|token)\s*[:=]\s*\S", file.read_text())


def test_the_container_takes_the_locks_and_runs_as_nobody_else() -> None:
    text = (ROOT / "deploy" / "compose" / "Containerfile").read_text()
    assert "--require-hashes --only-binary :all: -r requirements/base.lock" in text
    assert [line for line in text.splitlines() if line.startswith("USER ")] == ["USER qafila"]
    assert all("debian:12-slim" in line for line in text.splitlines() if line.startswith("FROM "))
    wanted = re.search(r"^demo=\((.*)\)$", (ROOT / "setup" / "system.sh").read_text(), re.M)
    assert wanted is not None and set(wanted[1].split()) <= set(text.split())


def test_what_is_acknowledged_is_durable_on_a_hub() -> None:
    said = (ROOT / "deploy" / "postgresql" / "qafila.conf").read_text()
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        assert re.search(rf"^{name} = on$", said, re.M)
    for line in ("log_statement = none", "log_min_error_statement = panic", "log_parameter_max_length_on_error = 0"):
        assert line in said
