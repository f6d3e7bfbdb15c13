"""What is asked by hand is what Django finds, on both engines."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qafila.clinic.cases.models import Case
from qafila.journal import tables
from qafila.journal.guard import writer_token
from qafila.journal.here import Here
from qafila.kernel import clock, ids

UNITS = [ids.named(f"unit {n}") for n in range(3)]
DAYS = [None, *(clock.now() + timedelta(days=n) for n in range(2))]
LIKE = st.fixed_dictionaries(
    {},
    optional={
        "specialist_id": st.sampled_from([None, *UNITS]),
        "came_after": st.booleans(),
        "deadline": st.sampled_from(DAYS),
        "status": st.sampled_from(["draft", "sent", "'; --", "%s"]) | st.lists(st.sampled_from(["draft", "sent"])),
    },
)


def _filled(node: Here) -> None:
    rows = [
        Case(
            id=ids.named(f"case {n}"), person_id=UNITS[n % 3], unit_id=UNITS[n % 2], doctor_id=UNITS[0],
            specialist_id=[None, *UNITS][n % 4], came_after=n % 5 == 0, deadline=DAYS[n % 3], specialty="skin",
            status=["draft", "sent"][n % 2], question=f"%s ' {n}", intake={"n": [n]},
        )
        for n in range(24)
    ]  # fmt: skip
    names = [f.attname for f in Case._meta.concrete_fields]
    with writer_token():
        assert tables.insert(Case, names, [[getattr(row, n) for n in names] for row in rows], node.database) == 24


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    units=st.lists(st.sampled_from([*UNITS, ids.named("nobody")]), max_size=3),
    like=LIKE,
    most=st.integers(0, 30),
    locked=st.sampled_from([(), ("id",), ("unit_id", "id")]),
)
def test_the_same_rows_as_django(
    trio: list[Here], units: list[Any], like: dict[str, Any], most: int, locked: tuple[str, ...]
) -> None:
    node = trio[0].database
    if not Case._base_manager.using(node).exists():
        _filled(trio[0])
    names = ["id", "unit_id", "specialist_id", "came_after", "deadline", "question"]
    if connections[node].vendor == "sqlite":
        # Arrays say that they do not convert.
        names.append("intake")
    said = {f"{n}__in" if isinstance(v, list) else f"{n}__isnull" if v is None else n: v is None or v
            for n, v in like.items()}  # fmt: skip
    every = Case._base_manager.using(node).filter(**said).order_by("id")
    wanted = list(every.filter(unit_id__in=units).values_list(*names))
    with transaction.atomic(using=node):
        found = tables.among(Case, "unit_id", units, names, node, locked=locked, **like)
    assert sorted(found) == wanted
    if locked:
        assert found == sorted(found, key=lambda row: [row[names.index(n)] for n in locked])
    if like:
        held, size = list(every.values_list(*names)), every.count()
        assert tables.count(Case, most, node, **like) == min(most, size)
        some = tables.some(Case, names, most, node, **like)
        assert len(some) == min(most, size)
        assert all(row in held for row in some)
