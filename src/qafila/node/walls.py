"""Row-level security on PostgreSQL: the second wall behind the rights that views and acts ask for.

The pages of a node whose `node.toml` names a role for them (`[database] pages = "…"`) connect as that role. It owns
nothing and cannot turn the policies off; the node's other processes connect as the tables' owner, whom no policy binds.
Each table that bears a patient gets one policy, made from the models: a new one gets its own by itself.

The policies repeat what `registry.staff.rights` and the door to the records say, a little wider: whole people, and a
day more at either end of an assignment. Who is refused by the first wall gets words; who passes it by a mistake of
ours finds nothing behind it.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from qafila.journal.models import Recorded
from qafila.journal.partitions import PARTS

FREE: dict[str, str] = {
    "sync.scope": "which node holds whom: what a page writes is sent to every unit that holds the patient",
    "sync.leave": "as sync.scope",
    "registry.namekey": "keys of names, made for search: who is found by them is read from registry_person, behind it",
    "registry.matchkey": "as registry.namekey; hashes",
    "registry.newcomer": "ids alone, for the watch",
    "journal.blob": "which files are here, by their hash, which stands behind the wall; their bytes are on the disk",
    "clinic.arrived": "readings of an instrument that nobody has put into a record yet: they name a station",
    "exchange.arrived": "images that nobody has given to a person yet: whose they are is what a page asks",
    "exchange.step": "as exchange.arrived",
    "clinic.ecgmeasures": "numbers under the hash of a file that its reader has to know",
}
"""Tables that point to a patient and have no policy, and why."""
OWN = {"journal.read": "actor"}
"""Tables of which everybody sees their own rows, too: the column that says whose a row is."""
_PATIENTS = frozenset({"patient", "person"})


def borne(model: type[models.Model]) -> list[str]:
    """The columns of a model's table that name a patient; a row is seen by who sees any of them."""
    if model._meta.label_lower == "registry.person":
        return ["id"]
    if model._meta.label_lower == "registry.pair":
        return ["one", "other"]
    found = []
    for field in model._meta.concrete_fields:
        target = field.related_model
        points = isinstance(target, type) and target._meta.label_lower == "registry.person"
        if points or (isinstance(field, models.UUIDField) and field.name in _PATIENTS):
            found.append(str(field.column))
    return found


@lru_cache(maxsize=1)
def walled() -> dict[type[models.Model], tuple[str, ...]]:
    """Every model behind the wall, with its columns that name a patient."""
    ours = [m for m in apps.get_models() if m.__module__.startswith("qafila.") and m._meta.managed]
    return {m: tuple(columns) for m in ours if (columns := borne(m)) and m._meta.label_lower not in FREE}


def raise_walls(connection: BaseDatabaseWrapper, role: str, key: bytes) -> None:
    """Make the role's grants, the functions and the policies anew. Raises `ValueError` where the role could pass by.

    `key`: as `journal.wall.stand_behind` has it.
    """
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls, pg_has_role(%s, current_user, 'USAGE') FROM pg_roles "
                       "WHERE rolname = %s", [role, role])  # fmt: skip
        found = cursor.fetchone()
        if found is None:
            raise ValueError(f"PostgreSQL has no role {role!r}: make it with CREATE ROLE {role} LOGIN")
        if found[0] or found[1]:
            raise ValueError(f"the role {role!r} of the pages could pass by the policies: it may own nothing")
        cursor.execute("SELECT current_schema()")
        schema = str(cursor.fetchone()[0])
        for statement in _statements(schema, role, key):
            cursor.execute(statement.as_string(connection.connection))


def _statements(schema: str, role: str, key: bytes) -> list[Any]:
    names: dict[str, Any] = {"schema": sql.Identifier(schema), "role": sql.Identifier(role)}
    names |= {"inner": sql.Literal(_pad(key, 0x36)), "outer": sql.Literal(_pad(key, 0x5C))}
    names |= {"given": sql.SQL(_GIVEN if _known("clinic.AccessGrant") else "").format(**names)}
    found = [sql.SQL(one).format(**names) for one in (*_ROLE, *_KEY, _ASKS, _UNITS, _TIED, _SEES, *_RIGHTS)]
    for model, columns in walled().items():
        found += _policy(model, columns, names)
    for part in range(PARTS):
        # Asked by its own name a part has no policy, and shows nothing.
        found.append(sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(
            sql.Identifier(schema, f"journal_record_{part:02}")))  # fmt: skip
    return found


def _policy(model: type[models.Model], columns: tuple[str, ...], names: dict[str, Any]) -> list[Any]:
    # Who may add to a record is for the acts: a record is added to by who has just given the patient to somebody else,
    # and by who has just met them.
    asked = sql.SQL("{schema}.qafila_sees((SELECT {schema}.qafila_asks()), (SELECT {schema}.qafila_units()), {column})")
    terms = [asked.format(column=sql.Identifier(c), **names) for c in columns]
    if own := OWN.get(model._meta.label_lower):
        mine = sql.SQL("{own} = (SELECT ({schema}.qafila_asks())[1]::uuid)")
        terms.insert(0, mine.format(own=sql.Identifier(own), **names))
    whose = sql.SQL(" OR ").join(terms)
    said = {"table": sql.Identifier(model._meta.db_table), "whose": whose, **names}
    return [
        sql.SQL(one).format(**said)
        for one in (
            "ALTER TABLE {schema}.{table} ENABLE ROW LEVEL SECURITY",
            "DROP POLICY IF EXISTS qafila_wall ON {schema}.{table}",
            "CREATE POLICY qafila_wall ON {schema}.{table} TO {role} USING ((SELECT {schema}.qafila_all()) OR {whose}) "
            "WITH CHECK ((SELECT {schema}.qafila_asks()) IS NOT NULL)",
        )
    ]


def _known(label: str) -> bool:
    try:
        return issubclass(apps.get_model(label), Recorded)
    except LookupError:
        return False


def _pad(key: bytes, with_byte: int) -> bytes:
    """One of the two blocks of an HMAC's key (RFC 2104)."""
    block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    return bytes(b ^ with_byte for b in block)


_ROLE = (
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    "REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
)
_KEY = (
    "CREATE TABLE IF NOT EXISTS {schema}.qafila_wall (inside bytea NOT NULL, outside bytea NOT NULL)",
    "REVOKE ALL ON {schema}.qafila_wall FROM PUBLIC, {role}",
    "REVOKE ALL ON {schema}.django_migrations FROM {role}",
    "DELETE FROM {schema}.qafila_wall",
    "INSERT INTO {schema}.qafila_wall VALUES ({inner}, {outer})",
)
_ASKS = """
CREATE OR REPLACE FUNCTION {schema}.qafila_asks() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    said text := current_setting('qafila.asks', true);
    part text[] := string_to_array(said, '|');
    body text;
    key {schema}.qafila_wall;
BEGIN
    IF said IS NULL OR array_length(part, 1) IS DISTINCT FROM 5 THEN RETURN NULL; END IF;
    SELECT * INTO key FROM {schema}.qafila_wall;
    body := array_to_string(part[1:4], '|');
    IF encode(sha256(key.outside || sha256(key.inside || convert_to(body, 'UTF8'))), 'hex') <> part[5]
       OR part[3]::int <> pg_backend_pid() OR part[4]::bigint < extract(epoch FROM now()) THEN RETURN NULL;
    END IF;
    RETURN part[1:2];
END $body$;
CREATE OR REPLACE FUNCTION {schema}.qafila_all() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
    SELECT coalesce(({schema}.qafila_asks())[2] = 'all', false)
$body$
"""
_UNITS = """
CREATE OR REPLACE FUNCTION {schema}.qafila_units() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE asks text[] := {schema}.qafila_asks();
BEGIN
    IF asks IS NULL OR position('unit' IN asks[2]) = 0 THEN RETURN ARRAY[]::uuid[]; END IF;
    RETURN coalesce((SELECT array_agg(unit_id) FROM {schema}.registry_assignment
        WHERE staff_id = asks[1]::uuid AND starts <= current_date + 1
          AND (ends IS NULL OR ends >= current_date - 1)), ARRAY[]::uuid[]);
END $body$
"""
_GIVEN = """
       OR EXISTS (SELECT FROM {schema}.clinic_accessgrant WHERE person_id = whose AND until > now()
                  AND ended_at IS NULL AND (staff_id = me OR unit_id = ANY (units)))
"""
_TIED = """
CREATE OR REPLACE FUNCTION {schema}.qafila_tied(me uuid, reach text, units uuid[], whose uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF position('unit' IN reach) > 0 AND (
        EXISTS (SELECT FROM {schema}.clinic_visit WHERE person_id = whose AND unit_id = ANY (units))
        OR EXISTS (SELECT FROM {schema}.registry_person WHERE id = whose AND home_unit_id = ANY (units))
        OR EXISTS (SELECT FROM {schema}.clinic_case WHERE person_id = whose AND unit_id = ANY (units))
        OR NOT EXISTS (SELECT FROM {schema}.clinic_visit WHERE person_id = whose
             UNION ALL SELECT FROM {schema}.clinic_case WHERE person_id = whose
             UNION ALL SELECT FROM {schema}.registry_person WHERE id = whose AND home_unit_id IS NOT NULL)
    ) THEN RETURN true; END IF;
    IF position('case' IN reach) > 0 AND (
        EXISTS (SELECT FROM {schema}.clinic_case WHERE person_id = whose AND specialist_id = me)
        OR EXISTS (SELECT FROM {schema}.clinic_opinion WHERE staff_id = me AND person_id = whose AND NOT withdrawn)
    ) THEN RETURN true; END IF;
    IF position('pool' IN reach) > 0 AND EXISTS (SELECT FROM {schema}.clinic_case
        WHERE person_id = whose AND specialist_id IS NULL AND sent_at IS NOT NULL AND closed_at IS NULL)
    THEN RETURN true; END IF;
    RETURN false{given};
END $body$
"""
_SEES = """
CREATE OR REPLACE FUNCTION {schema}.qafila_sees(asks text[], units uuid[], whose uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE me uuid := asks[1]::uuid;
BEGIN
    IF whose IS NULL THEN RETURN true; END IF;
    IF asks IS NULL THEN RETURN false; END IF;
    IF {schema}.qafila_tied(me, asks[2], units, whose) THEN RETURN true; END IF;
    RETURN EXISTS (
        WITH RECURSIVE same(id) AS (
            SELECT whose UNION SELECT CASE WHEN l.person_id = same.id THEN l.other_id ELSE l.person_id END
            FROM same JOIN {schema}.registry_personlink l ON l.person_id = same.id OR l.other_id = same.id
            WHERE l.relation = 'same' AND NOT l.withdrawn)
        SELECT FROM same WHERE id <> whose AND {schema}.qafila_tied(me, asks[2], units, id));
END $body$
"""
_RIGHTS = (
    "REVOKE ALL ON FUNCTION {schema}.qafila_tied(uuid, text, uuid[], uuid) FROM PUBLIC, {role}",
    "REVOKE ALL ON FUNCTION {schema}.qafila_asks(), {schema}.qafila_all(), {schema}.qafila_units(), "
    "{schema}.qafila_sees(text[], uuid[], uuid) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION {schema}.qafila_asks(), {schema}.qafila_all(), {schema}.qafila_units(), "
    "{schema}.qafila_sees(text[], uuid[], uuid) TO {role}",
)
