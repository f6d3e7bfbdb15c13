"""The clinic's Django app."""

from django.apps import AppConfig


class ClinicConfig(AppConfig):
    """Visits, cases, prescribing, imaging."""

    name = "qafila.clinic"
    label = "clinic"

    def ready(self) -> None:
        """Rights are asked of a patient through the ties that visits and cases make."""
        from qafila.clinic.access import door

        door.connect()
