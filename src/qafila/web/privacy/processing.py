"""The record of processing: what the pack says, beside what this node really does."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from qafila.office.processing import running
from qafila.registry.claims import retention
from qafila.web.access import needs
from qafila.web.privacy.shown import rule, sheet, tabs

READ = "processing.read"


@require_GET
@needs(READ)
def page(request: Any) -> HttpResponse:
    """On the screen."""
    return render(request, "privacy/processing.html", tabs(request, "processing") | _context())


@require_GET
@needs(READ)
def printed(request: Any) -> HttpResponse:
    """On paper."""
    return sheet(request, "privacy/print_processing.html", "processing", _context())


def _context() -> dict[str, Any]:
    kept = {keep.code: keep.label for keep in retention.lines()}
    asked = rule()
    return {
        "rule": asked,
        "runs": running.facts(),
        "lines": [(one, kept.get(one.retention)) for one in asked.processing],
    }
