"""Pages of the general doctor."""

from django.urls import path

from qafila.web.doctor import alarms, cases, consult, facts, packet, prescribe

app_name = "doctor"

urlpatterns = [
    path("", consult.queue_page, name="queue"),
    path("next/", consult.call_next, name="next"),
    path("visit/<uuid:visit_id>/start/", consult.start, name="start"),
    path("visit/<uuid:visit_id>/", consult.page, name="consult"),
    path("visit/<uuid:visit_id>/finish/", consult.finish, name="finish"),
    path("visit/<uuid:visit_id>/diagnoses/", consult.add_diagnosis, name="add_diagnosis"),
    path("visit/<uuid:visit_id>/files/", facts.add_file, name="add_file"),
    path("visit/<uuid:visit_id>/allergies/", facts.add_allergy, name="add_allergy"),
    path("entry/<slug:kind>/<uuid:fact_id>/error/", facts.mark_error, name="error"),
    path("visit/<uuid:visit_id>/prescription/", prescribe.page, name="prescribe"),
    path("visit/<uuid:visit_id>/prescription/check/", prescribe.check, name="check_prescription"),
    path("visit/<uuid:visit_id>/prescription/ask/", prescribe.ask, name="ask_prescription"),
    path("visit/<uuid:visit_id>/prescription/adopt/<uuid:answer_id>/", prescribe.page, name="adopt"),
    path("visit/<uuid:visit_id>/prescription/adopt/<uuid:answer_id>/ask/", prescribe.ask, name="ask_adopt"),
    path("prescription/<uuid:prescription_id>/sign/", prescribe.sign, name="sign"),
    path("visit/<uuid:visit_id>/refer/<slug:specialty>/", packet.begin, name="refer"),
    path("diagnoses/", consult.diagnoses, name="diagnoses"),
    path("cases/", cases.list_page, name="cases"),
    path("alarms/", alarms.live, name="alarms"),
    path("case/<uuid:case_id>/alarm/", alarms.page, name="alarm"),
    path("case/<uuid:case_id>/", cases.page, name="case"),
    path("case/<uuid:case_id>/packet/", packet.page, name="packet"),
    path("case/<uuid:case_id>/packet/live/", packet.live, name="packet_live"),
    path("case/<uuid:case_id>/packet/view/<slug:view>/", packet.add_view, name="packet_view"),
    path("case/<uuid:case_id>/consent/", packet.consent, name="consent"),
    path("case/<uuid:case_id>/send/", packet.send, name="send"),
    path("case/<uuid:case_id>/act/<slug:verb>/", cases.act, name="act"),
]
