"""Pages of the specialty packs: the list, one pack side by side in every language, its approval."""

from django.urls import path

from qafila.web.packs import pages

app_name = "packs"

urlpatterns = [
    path("", pages.list_page, name="list"),
    path("<slug:code>/", pages.pack, name="pack"),
    path("<slug:code>/approve/", pages.approve, name="approve"),
    path("<slug:code>/withdraw/", pages.withdraw, name="withdraw"),
]
