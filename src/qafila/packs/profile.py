"""Profiles: what a node is, said as capabilities. Code asks for a capability, never for a name."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from qafila.packs.shapes import Identifier, Label, Shape

Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
Count = Annotated[int, msgspec.Meta(ge=0)]


class Database(Shape, frozen=True):
    """How the node keeps its rows. `trial` is the engine of a trial or a test."""

    engine: Literal["sqlcipher", "postgresql", "sqlite"]
    trial: Literal["sqlcipher", "postgresql", "sqlite"]
    durable: bool = True
    synchronous: Literal["FULL", "EXTRA", ""] = "FULL"
    ingest_records: Count = 200


class Disk(Shape, frozen=True):
    """Free space in MB: below `warn` people are told, below `stop` nothing new is written."""

    warn_free_mb: Count
    stop_free_mb: Count
    upload_limit_mb: Count


class Lane(Shape, frozen=True):
    """A sync lane. Strict lanes go in order of number; the others share by weight."""

    number: Annotated[int, msgspec.Meta(ge=0, le=9)]
    carries: tuple[str, ...]
    strict: bool
    weight: Count = 0


class Job(Shape, frozen=True):
    """A job that the node runs by itself, every `every_seconds`."""

    name: Identifier
    every_seconds: Annotated[int, msgspec.Meta(ge=1)]


class Lease(Shape, frozen=True):
    """Days without contact before a warning, and before history closes (0 = no lease)."""

    warn_days: Count = 0
    close_days: Count = 0


class Certificates(Shape, frozen=True):
    """Days for which a hub signs the certificate of a node that calls it. A third of them is longer than a lease, so
    that no node is shut out by it before its lease ends: it asks anew when a third is left."""

    client_days: Annotated[int, msgspec.Meta(ge=30)] = 180


class Holding(Shape, frozen=True):
    """How long other nodes keep a person who is not at home with them: after a visit there, and after a look-up on
    this node or the visit that followed it."""

    visited_days: Count = 30
    copied_hours: Count = 24


class Login(Shape, frozen=True):
    """How people come in. `second_factor`: the roles that do not come in without one; empty: people have none on such
    a node. After `hours` the password is asked for again in any case, after `idle_minutes` untouched, too (0: never,
    where the screen locks by itself)."""

    second_factor: tuple[Identifier, ...] = ()
    hours: Annotated[int, msgspec.Meta(ge=1, le=24)] = 14
    idle_minutes: Count = 0


class Ports(Shape, frozen=True):
    """Default TCP ports; `sync` 0 = the node serves no sync endpoint."""

    pages: Count
    live: Count
    sync: Count = 0


class Profile(Shape, frozen=True):
    """What a node is.

    `wings`: the screens it serves. `calls_hub`: it opens sync sessions upwards. `serves_sync`:
    others call it. `routes_cases`: it assigns cases to specialists. `issues_certificates`: it
    is the certificate authority of its jurisdiction. `holds`: every record or only its scope.
    `pin_switch`: shared tablets switch people by PIN. `crew_unlock`: it begins locked and one of its crew opens it; a
    node of that kind without a vault is told to make one. `home`: it needs a unit or an office it
    belongs to. `keeps_register`: who is who is decided here.
    `keeps_images`: imaging devices may call it. `unreceived_alarm_minutes`: an
    emergency not received by then says *do not wait*.
    """

    name: Identifier
    label: Label
    version: int
    database: Database
    disk: Disk
    ports: Ports
    wings: tuple[Identifier, ...]
    roles: tuple[Identifier, ...]
    lane: tuple[Lane, ...] = ()
    job: tuple[Job, ...] = ()
    lease: Lease = Lease()
    holding: Holding = Holding()
    certificates: Certificates = Certificates()
    login: Login = Login()
    calls_hub: bool = False
    serves_sync: bool = False
    routes_cases: bool = False
    issues_certificates: bool = False
    enrols_nodes: bool = False
    pin_switch: bool = False
    crew_unlock: bool = False
    registers_people: bool = False
    sees_patients: bool = False
    keeps_register: bool = False
    keeps_images: bool = False
    home: Literal["unit", "office", "none"] = "none"
    holds: Literal["scope", "all"] = "scope"
    unreceived_alarm_minutes: Count = 5
