"""The journal and the mailboxes in parts on PostgreSQL: who asks about a node looks into one part, and nobody who asks
about a person, a row or a mailbox reads a part from end to end."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connections
from django.db.models import Q, QuerySet

from qafila.journal import lives
from qafila.journal.models import Record
from qafila.journal.partitions import PARTS
from qafila.kernel import ids
from qafila.sync import scope
from qafila.sync.models import Mail
from tests.conftest import wipe

MANY = """
    INSERT INTO journal_record (node, run, seq, hlc, lane, kind, subject, patient, header, prev, hash, pending, applied,
                                arrived)
    SELECT 'X' || n %% 40, 1, n / 40 + 1, n, 2, 'clinic.observation', gen_random_uuid(), md5((n / 13)::text)::uuid,
           substr(repeat('x', 400), 1, 400)::bytea, '\\x00', '\\x00', false, true, now()
    FROM generate_series(0, 3999) AS n
"""
RUNS = """
    INSERT INTO journal_run (node, run, last, head, ranges, opened, sum, anchored)
    SELECT node, run, max(seq), '', '[]', now(), 0, 0 FROM journal_record GROUP BY 1, 2
"""
MAIL = """
    INSERT INTO sync_mail ("to", record_id, lane, acked)
    SELECT 'X' || no %% 40, no, 2, CASE WHEN no %% 9 > 0 THEN 1 END FROM journal_record
"""
SOMEBODY = ids.named("somebody")
QUERIES: dict[str, Any] = {
    "history of a row": lambda: Record.objects.using("pg0").filter(subject=SOMEBODY),
    "history of a person": lambda: Record.objects.using("pg0").filter(patient=SOMEBODY).order_by("-no")[:500],
    "a fold": lambda: Record.objects.using("pg0").filter(subject=SOMEBODY, fields__isnull=False),
    "what waits for its creation": lambda: Record.objects.using("pg0").filter(applied=False)[:200],
    "a holder's backlog": lambda: Record.objects.using("pg0").filter(patient__in=[SOMEBODY]).exclude(node="X1"),
    "reference data": lambda: Record.objects.using("pg0").filter(
        Q(patient__isnull=True, kind__in=scope.REFERENCE)
    ).exclude(node="X1").order_by("no"),
    "the next mail": lambda: Mail.objects.using("pg0").filter(to="X1", acked__isnull=True)
    .order_by("lane", "id").select_related("record")[:100],
}  # fmt: skip
OF_ONE_NODE: dict[str, Any] = {
    "a chain": lambda: Record.objects.using("pg0").filter(node="X1", run=1).order_by("seq"),
    "neighbours": lambda: Record.objects.using("pg0").filter(
        Q(node="X1", run=1, seq__gte=3, seq__lte=7) | Q(node="X1", run=2, seq=1)
    ),
    "how much mail": lambda: Mail.objects.using("pg0").filter(to="X1", acked__isnull=True),
    "lost again": lambda: Mail.objects.using("pg0").filter(to="X1", acked__gt=5),
}  # fmt: skip


@pytest.fixture(scope="module")
def filled(postgres: None) -> None:
    wipe("pg0")
    cursor = connections["pg0"].cursor()
    cursor.execute(MANY, [])
    cursor.execute(RUNS)
    cursor.execute(MAIL, [])
    cursor.execute("ANALYZE journal_record")
    cursor.execute("ANALYZE sync_mail")


def parts(plan: str, table: str) -> set[str]:
    return set(re.findall(rf"\b{table}_\d\d\b", plan))


@pytest.mark.parametrize("name", QUERIES)
def test_no_part_is_read_from_end_to_end(filled: None, name: str) -> None:
    plan = _plan(QUERIES[name]())
    assert "Seq Scan" not in plan


@pytest.mark.parametrize("name", OF_ONE_NODE)
def test_what_names_a_node_looks_into_one_part(filled: None, name: str) -> None:
    plan = _plan(OF_ONE_NODE[name]())
    assert len(parts(plan, "journal_record") | parts(plan, "sync_mail")) == 1


def test_the_latest_clock_is_found_by_the_ends_of_the_runs(filled: None) -> None:
    assert lives.latest("pg0") == 3999


def test_all_parts_are_there_and_a_key_is_used_once(filled: None) -> None:
    cursor = connections["pg0"].cursor()
    cursor.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = 'journal_record'::regclass")
    assert cursor.fetchone() == (PARTS,)
    cursor.execute("SELECT count(*), count(DISTINCT no) FROM journal_record")
    assert cursor.fetchone() == (4000, 4000)
    cursor.execute("SELECT count(*) FROM pg_constraint WHERE conname = 'record_once' AND contype = 'u'")
    assert cursor.fetchone() == (1,)


def _plan(rows: QuerySet[Any]) -> str:
    """With next to nothing in the tables the planner would read them from end to end: it may only where it must."""
    with connections["pg0"].cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        try:
            return str(rows.explain())
        finally:
            cursor.execute("RESET enable_seqscan")
