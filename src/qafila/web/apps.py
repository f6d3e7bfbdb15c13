"""The web app."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Screens."""

    name = "qafila.web"
    label = "web"
