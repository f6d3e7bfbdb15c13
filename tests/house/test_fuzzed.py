"""Whoever takes bytes from outside has a test that sends it any bytes. A new door without one fails here."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src" / "qafila"
READS = {"FILES", "body", "read"}
"""Of a request: what is no field of a form."""
ATTACK = ("tests/web/test_attacked.py", "test_nothing_fails_runs_or_leads_away")
DAMAGE = "tests/clinic/imaging/test_imaging_damage.py"

VIEWS = {
    "web/dicomweb/stow.py": [("tests/web/test_openapi.py", "test_any_body_has_parts_or_none"),
                             ("tests/exchange/dicom/test_hostile.py",
                              "test_a_cut_or_damaged_file_is_read_or_refused_and_nothing_else")],
    "web/doctor/facts.py": [ATTACK, (DAMAGE, "test_random_bytes_behind_any_signature")],
    "web/doctor/telling.py": [ATTACK, ("tests/clinic/imaging/test_imaging_sound.py",
                                       "test_damaged_recordings_are_refused_or_read")],
    "web/enrolment.py": [("tests/sync/test_fuzz.py", "test_enrolment_refuses_any_bytes")],
    "web/nurse/photos.py": [ATTACK, (DAMAGE, "test_cut_and_flipped_photographs")],
    "web/nurse/record.py": [ATTACK, (DAMAGE, "test_random_bytes_behind_any_signature"),
                            ("tests/clinic/imaging/test_ecg_import.py", "test_damaged_files_are_read_or_refused")],
    "web/nurse/sounds.py": [ATTACK, ("tests/clinic/imaging/test_imaging_sound.py",
                                     "test_damaged_recordings_are_refused_or_read")],
    "web/nurse/spirometry.py": [ATTACK, ("tests/clinic/spirometry/test_session.py",
                                         "test_damaged_files_are_read_or_refused")],
    "web/headers.py": [("tests/web/test_attacked.py", "test_long_many_and_broken_fields")],
    "web/records/consents.py": [ATTACK, (DAMAGE, "test_random_bytes_behind_any_signature")],
}  # fmt: skip
"""Module with views that read files or bodies → tests."""

PORTS = {
    "sync/asgi.py": [("tests/sync/test_fuzz.py", "test_the_endpoint_refuses_any_bytes"),
                     ("tests/sync/test_fuzz.py", "test_the_endpoint_stands_whatever_an_enrolled_unit_says")],
    "node/live.py": [("tests/node/test_live.py", "test_without_a_token_of_this_node_nothing_is_heard")],
    "exchange/hl7/listener.py": [("tests/exchange/hl7/test_message.py", "test_any_bytes"),
                                 ("tests/exchange/hl7/test_message.py", "test_frames_that_are_none")],
    "exchange/dicom/scp.py": [("tests/exchange/dicom/test_hostile.py",
                               "test_a_pdu_of_four_gigabytes_and_a_flood_leave_the_services_up")],
    "exchange/sdc/monitor.py": [("tests/exchange/sdc/test_sdc.py", "test_only_what_is_valid_is_a_number")],
    "devices/packet.py": [("tests/devices/test_contract.py", "test_any_bytes")],
    "sync/stick_load.py": [("tests/sync/test_stick_refused.py", "test_what_is_no_bundle_is_refused")],
    "sync/bundle.py": [("tests/sync/test_bundle.py", "test_any_bytes_are_refused"),
                       ("tests/sync/test_bundle.py", "test_whatever_an_enrolled_node_seals_is_read_or_refused")],
    "node/backup.py": [("tests/node/test_backup.py", "test_what_is_no_whole_backup_is_refused_and_leaves_nothing")],
    "packs/xlsform.py": [("tests/packs/test_import.py", "test_any_sheet_becomes_a_pack_or_is_refused"),
                         ("tests/packs/test_import.py", "test_a_workbook_that_unpacks_without_end_is_refused")],
    "packs/questionnaire_in.py": [("tests/packs/test_import.py", "test_any_json_becomes_a_pack_or_is_refused")],
    "packs/thesaurus.py": [("tests/packs/test_thesaurus.py", "test_no_file_breaks_it")],
    "clinic/papers/hcert.py": [("tests/clinic/papers/test_hcert.py", "test_no_text_crashes_it"),
                               ("tests/clinic/papers/test_hcert.py", "test_a_bomb_of_zeros_is_not_unpacked")],
    "clinic/papers/cbor.py": [("tests/clinic/papers/test_hcert.py",
                               "test_cbor_refuses_or_agrees_with_another_reader")],
    "clinic/imaging/photo.py": [(DAMAGE, "test_a_bomb_costs_no_memory")],
    "clinic/imaging/dataset.py": [("tests/clinic/imaging/test_imaging_sniff.py",
                                   "test_a_deflated_dicom_bomb_is_stopped_before_it_unfolds")],
    "clinic/imaging/sound.py": [("tests/clinic/imaging/test_imaging_sound.py",
                                 "test_a_flac_that_decodes_to_10_gb_is_refused_before_it_is_decoded")],
}  # fmt: skip
"""What listens, is carried by hand, or is unpacked → tests."""


def reads(path: Path) -> bool:
    """Whether a module reads the body or the files of a request."""
    return any(
        isinstance(node, ast.Attribute) and node.attr in READS
        and isinstance(node.value, ast.Name) and node.value.id == "request"
        for node in ast.walk(ast.parse(path.read_text()))
    )  # fmt: skip


def test_every_view_that_reads_bytes_is_in_the_table() -> None:
    found = {str(path.relative_to(SOURCES)) for path in SOURCES.rglob("*.py") if reads(path)}
    assert found == set(VIEWS)


@pytest.mark.parametrize("door", sorted(VIEWS | PORTS))
def test_its_tests_are_there(door: str) -> None:
    assert (SOURCES / door).exists(), "the door is gone: so is its line"
    for file, name in (VIEWS | PORTS)[door]:
        held = {n.name for n in ast.walk(ast.parse((ROOT / file).read_text())) if isinstance(n, ast.FunctionDef)}
        assert name in held, f"{file} has no {name}"
