"""The unit of the clinic's tests."""

from __future__ import annotations

from tests.clinic.conftest import crew

__all__ = ["crew"]
