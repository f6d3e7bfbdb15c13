"""What follows an answer: the next round's list, reminders, what was spared."""

from django.urls import path

from qafila.web.loop import views

app_name = "loop"

urlpatterns = [
    path("round/", views.next_round, name="round"),
    path("watch/", views.watch, name="watch"),
]
