"""The registry's Django app."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Places, people, staff, units."""

    name = "qafila.registry"
    label = "registry"
