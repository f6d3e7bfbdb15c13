"""Addresses of static files: each is made once."""

from __future__ import annotations

from django.contrib.staticfiles.storage import StaticFilesStorage


class KnownStorage(StaticFilesStorage):
    """Django's, which joins an address anew each time that a page names a file."""

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str | None, str] = {}

    def url(self, name: str | None) -> str:
        """The file's address. Templates alone name files, so there are no more than of these."""
        found = self.known.get(name)
        if found is None:
            found = self.known[name] = super().url(name)
        return found
