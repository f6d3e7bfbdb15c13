"""What the registry tells the house about people, inside of the transaction of the act."""

from django.dispatch import Signal

died = Signal()
"""A death was recorded here: `person`, `by`. Reminders stop, open cases are reviewed."""
