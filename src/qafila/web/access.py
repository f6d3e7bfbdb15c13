"""Who may open a page: deny by default. Every view says which right it needs, or that it needs none."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

from qafila.kernel.rights import NotAllowed
from qafila.registry.staff.rights import grants

View = Callable[..., HttpResponse]


def needs(*rights: str) -> Callable[[View], View]:
    """The view is for people who hold one of the rights; what they may do with a given record the acts decide.

    `request.staff` is the person; without one the login page comes first.
    """

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            staff = getattr(request, "staff", None)
            if staff is None:
                if request.headers.get("HX-Request"):
                    return HttpResponse(status=401, headers={"HX-Redirect": "/"})
                door = "switch" if getattr(request, "locked", False) else "login"
                return redirect_to_login(request.get_full_path() if request.method == "GET" else "/", door)
            if rights and not any(grants(staff).has(right) for right in rights):
                raise NotAllowed(rights[0])
            return view(request, *args, **kwargs)

        guarded.access = rights or ("anyone who is logged in",)  # type: ignore[attr-defined]
        return guarded

    return wrap


def public(view: View) -> View:
    """The view is for anybody: the login page, the public check of a code."""
    view.access = ("public",)  # type: ignore[attr-defined]
    return view
