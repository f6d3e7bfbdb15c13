"""Django in the demonstration's own process, which is no node: it reads the units' queues and draws one page."""

from __future__ import annotations

from types import SimpleNamespace

import django
from django.conf import global_settings, settings

from qafila.node.demo.layout import Layout


def set_up(layout: Layout) -> None:
    """Give this process the databases of all nodes, each under its code. Repeating it changes nothing."""
    if settings.configured:
        return
    from qafila.node import settings as of_nodes

    known = {name: getattr(global_settings, name) for name in dir(global_settings) if name.isupper()}
    known |= {name: getattr(of_nodes, name) for name in dir(of_nodes) if name.isupper()}
    databases = {code: layout.node(code).databases()["default"] for code in layout.nodes}
    settings.configure(
        SimpleNamespace(**known),
        DIRECTORY=None,
        DATABASES={"default": databases[layout.nodes[0]], **databases},
        LANGUAGE_CODE=layout.node(layout.nodes[0]).language,
        TIME_ZONE=layout.node(layout.nodes[0]).time_zone,
    )
    django.setup()
