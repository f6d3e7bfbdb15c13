"""Pages of the imaging devices and of what they sent."""

from django.urls import path

from qafila.web.imaging import match, more, peers, viewer

app_name = "imaging"

urlpatterns = [
    path("match/", match.page, name="match"),
    path("match/<str:study>/", match.study, name="study"),
    path("match/<str:study>/picture/", match.picture, name="picture"),
    path("series/<uuid:file_id>/", viewer.page, name="series"),
    path("series/<uuid:file_id>/frames/", viewer.listing, name="frames"),
    path("series/<uuid:file_id>/mark/", viewer.mark, name="mark"),
    path("series/<uuid:file_id>/fetch/", viewer.fetch, name="fetch"),
    path("frame/<uuid:instance_id>/<int:number>/", viewer.frame, name="frame"),
    path("more/", more.page, name="more"),
    path("more/viewer/", more.page, name="more_viewer"),
    path("devices/", peers.page, name="devices"),
    path("devices/<opaque:peer_id>/", peers.change, name="device"),
]
