"""`python -m tests.sync.protocol_page`: write the example in docs/sync.md anew, as the code writes it today."""

from __future__ import annotations

import os

import django


def main() -> None:
    """Renew the page."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qafila.node.settings")
    django.setup()
    from tests.sync.test_protocol_page import PAGE, renewed

    PAGE.write_text(renewed(PAGE.read_text()))


if __name__ == "__main__":
    main()
