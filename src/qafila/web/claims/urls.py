"""What people ask about their own record: erased, put aside, put right; and what has been kept for long enough."""

from django.urls import path

from qafila.web.claims import every, person, retention

app_name = "claims"

urlpatterns = [
    path("", every.page, name="list"),
    path("retention/", retention.page, name="retention"),
    path("retention/<int:number>/", retention.confirm, name="retention_confirm"),
    path("erasures/<uuid:request_id>/", every.erasure_decision, name="erasure"),
    path("people/<uuid:person_id>/", person.page, name="person"),
]
