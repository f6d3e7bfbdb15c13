"""A form counts once, however often it is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpResponse, HttpResponseRedirect

from qafila.web.models import Once

FIELD = "once"


def once(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Write at most once for each token of `{% once %}`.

    The token, the act and the page that follows are one transaction: where the act fails or the form has mistakes
    (anything but a redirect), the token stays free. A second sending is led where the first one led.
    """

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        token = request.POST.get(FIELD, "")
        if request.method != "POST" or not token:
            return view(request, *args, **kwargs)
        key = key_of(request, token)
        done = Once.objects.filter(pk=key).first()
        if done is None:
            try:
                with transaction.atomic():
                    row = Once(pk=key)
                    row.save(force_insert=True)
                    response = view(request, *args, **kwargs)
                    if response.status_code not in (302, 303):
                        transaction.set_rollback(True)
                        return response
                    row.location = response["Location"][:300]
                    row.save()
                return response
            except IntegrityError:
                done = Once.objects.filter(pk=key).first()
                if done is None:
                    raise
        return HttpResponseRedirect(done.location or "/")

    guarded.once = True  # type: ignore[attr-defined]
    return guarded


def key_of(request: Any, token: str) -> str:
    """Under which the form is kept. Of the person and the address, too: one form with several buttons is several."""
    staff = getattr(request, "staff", None)
    told = "\x1f".join((staff.pk.hex if staff else "", request.path, token))
    return hashlib.sha256(told.encode(errors="replace")).hexdigest()
