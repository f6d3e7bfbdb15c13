"""Pages of the reception."""

from django.urls import path

from qafila.web.reception import looking, people, registering, rounds, views

app_name = "reception"

urlpatterns = [
    path("queue/", views.queue_page, name="queue"),
    path("queue/rows/", views.queue_rows, name="rows"),
    path("queue/search/", views.search_people, name="search"),
    path("queue/open/<uuid:person_id>/", views.open_visit, name="open"),
    path("queue/<uuid:visit_id>/<slug:act>/", views.act, name="act"),
    path("people/look/", looking.ask, name="look"),
    path("people/look/<uuid:look_id>/", looking.page, name="looked"),
    path("people/look/<uuid:look_id>/choose/", looking.choose, name="choose"),
    path("people/register/", registering.register, name="register"),
    path("people/register/likely/", registering.likely_now, name="likely"),
    path("people/<uuid:person_id>/", people.person_page, name="person"),
    path("people/<uuid:person_id>/edit/", people.edit, name="edit"),
    path("people/<uuid:person_id>/names/", people.add_name, name="add_name"),
    path("people/<uuid:person_id>/names/<uuid:name_id>/", people.change_name, name="change_name"),
    path("people/<uuid:person_id>/names/<uuid:name_id>/withdraw/", people.withdraw_name, name="withdraw_name"),
    path("people/<uuid:person_id>/links/", people.add_link, name="add_link"),
    path("people/<uuid:person_id>/links/<uuid:link_id>/withdraw/", people.remove_link, name="remove_link"),
    path("people/<uuid:person_id>/death/", people.death, name="death"),
    path("people/<uuid:person_id>/card/", people.card, name="card"),
    path("rounds/", rounds.rounds_page, name="rounds"),
    path("rounds/<uuid:round_id>/", rounds.add_stop, name="add_stop"),
    path("rounds/stops/<uuid:stop_id>/<slug:status>/", rounds.set_stop, name="set_stop"),
]
