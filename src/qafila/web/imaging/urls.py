"""Pages of the imaging devices and of what they sent."""

from django.urls import path

from qafila.web.imaging import match, peers

app_name = "imaging"

urlpatterns = [
    path("match/", match.page, name="match"),
    path("match/<str:study>/", match.study, name="study"),
    path("match/<str:study>/picture/", match.picture, name="picture"),
    path("devices/", peers.page, name="devices"),
    path("devices/<int:peer_id>/", peers.change, name="device"),
]
