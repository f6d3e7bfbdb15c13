"""DICOMweb (PS3.18): search, retrieve and store for other people's programs, with the rights of who is logged in."""

from django.urls import path

from qafila.web.dicomweb import qido, raw, stow, wado

app_name = "dicomweb"
STUDY, SERIES = "studies/<str:study>", "studies/<str:study>/series/<str:series>"
INSTANCE = f"{SERIES}/instances/<str:instance>"

urlpatterns = [
    path("studies", stow.studies, name="studies"),
    path("series", qido.series, name="all_series"),
    path("instances", qido.instances, name="all_instances"),
    path(STUDY, stow.study, name="study"),
    path(f"{STUDY}/series", qido.series, name="series_of"),
    path(f"{STUDY}/instances", qido.instances, name="instances_of_study"),
    path(f"{STUDY}/metadata", wado.metadata, name="study_metadata"),
    path(SERIES, wado.objects, name="series"),
    path(f"{SERIES}/instances", qido.instances, name="instances_of"),
    path(f"{SERIES}/metadata", wado.metadata, name="series_metadata"),
    path(INSTANCE, wado.objects, name="instance"),
    path(f"{INSTANCE}/metadata", wado.metadata, name="metadata"),
    path(f"{INSTANCE}/frames/<str:numbers>", raw.pixels, name="pixels"),
    path(f"{INSTANCE}/rendered", wado.rendered, name="rendered"),
    path(f"{INSTANCE}/frames/<int:frame>/rendered", wado.rendered, name="frame"),
]
