"""Everything that the program says, it says in three languages."""

from __future__ import annotations

import pytest

from tests.house import messages


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_message_is_translated(language: str) -> None:
    found = messages.faults(language)
    assert not found, f"{len(found)} messages:\n" + "\n".join(found[:40])


def test_the_search_for_messages_finds_those_of_files_and_templates() -> None:
    found = messages.every()
    assert found.get("Female") is not None
    assert len(found) > 100
