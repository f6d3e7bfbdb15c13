"""Tables for a new node, made at once; an older node's are migrated.

Django's migrations draw all models anew after each of their steps, which takes a new unit's small computer many
seconds. In an empty database the steps have nothing to carry over, so only their outcome is made.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration, operations
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from qafila.journal.partitions import HashPartitioned

CONTAINED = (
    operations.AddConstraint, operations.AddField, operations.AddIndex, operations.AlterField,
    operations.AlterModelManagers, operations.AlterModelOptions, operations.AlterUniqueTogether, operations.RemoveField,
)  # fmt: skip
"""What is in the last state of the models already."""


def bring_up(alias: str = DEFAULT_DB_ALIAS) -> None:
    """Bring a database to this version, whether it is empty or of an earlier one."""
    found(connections[alias])
    # Nothing is left to migrate in a new one, but what follows a migration is due there as well.
    call_command("migrate", database=alias, verbosity=0)
    directory = settings.DIRECTORY
    if directory is not None and directory.pages_role:
        from qafila.node.walls import raise_walls

        raise_walls(connections[alias], directory.pages_role, bytes.fromhex(directory.secret("wall")))


def found(connection: BaseDatabaseWrapper) -> bool:
    """Make all tables of an empty database, in one transaction; False where it is not empty, or where a step has to be
    carried out as it is written."""
    if connection.introspection.table_names():
        return False
    executor = MigrationExecutor(connection)
    steps = [migration for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    if not all(_understood(step, one) for step in steps for one in step.operations):
        return False
    state = executor.loader.project_state()
    with connection.schema_editor(atomic=True) as editor:
        for step in steps:
            for one in step.operations:
                _make(step.app_label, one, editor, state)
        recorder = MigrationRecorder(connection)
        recorder.ensure_schema()
        for step in steps:
            recorder.record_applied(step.app_label, step.name)
    return True


def _understood(step: Migration, one: Any) -> bool:
    if isinstance(one, operations.RunPython):
        # Django's own move rows from one shape to the next, and there are none.
        return str(type(step).__module__).startswith("django.contrib.")
    return isinstance(one, (operations.CreateModel, HashPartitioned, *CONTAINED))


def _make(label: str, one: Any, editor: Any, state: Any) -> None:
    if isinstance(one, operations.CreateModel):
        model = state.apps.get_model(label, one.name)
        if one.allow_migrate_model(editor.connection.alias, model):
            editor.create_model(model)
    elif isinstance(one, HashPartitioned):
        model = state.apps.get_model(label, one.name)
        one.database_forwards(label, editor, state, state)
        if editor.connection.vendor == "postgresql":
            # They went with the table that was not split.
            for constraint in model._meta.constraints:
                editor.add_constraint(model, constraint)
