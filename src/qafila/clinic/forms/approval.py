"""Approving a specialty pack: a named clinician signs what it says now; changed words need a new approval."""

from __future__ import annotations

from qafila.clinic.forms.models import PackApproval
from qafila.clinic.refusal import Refusal, tidy
from qafila.clinic.rules.words import N_, Message
from qafila.journal.topics import until_changed
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.packs import load
from qafila.packs.specialty import Specialty
from qafila.packs.specialty_check import specialty_problems
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

CHANGED = N_("The pack has changed since this page was opened. Read it again.")
UNSOUND = N_("This pack has problems and cannot be approved: %(what)s")
NOTHING = N_("This content is not approved.")
WHY = N_("Write why the approval is withdrawn.")
MOST = 500


def approval_of(pack: Specialty) -> PackApproval | None:
    """The approval of exactly this content; None where it is a draft."""
    held = PackApproval.objects.filter(code=pack.code, digest=pack.digest(), withdrawn_at__isnull=True)
    return held.order_by("-at", "-id").first()


def is_draft(pack: Specialty) -> bool:
    """Whether nobody has approved what the pack says, in its file or on the hub."""
    return pack.status == "draft" and not _approved(pack.code, pack.digest())


@until_changed
def _approved(code: str, digest: str) -> bool:
    return PackApproval.objects.filter(code=code, digest=digest, withdrawn_at__isnull=True).exists()


def approve(code: str, digest: str, by: Staff, note: str = "") -> PackApproval:
    """Approve the content of `digest`, which is what the approver saw.

    Raises `NotAllowed`, `Refusal` where the content is another by now or has problems, `PackError` without such a pack.
    """
    require(by, "pack.approve")
    pack = load.load_specialty(code)
    if pack.digest() != digest:
        raise Refusal(Message(CHANGED))
    problem = next(specialty_problems(code), None)
    if problem is not None:
        raise Refusal(Message(UNSOUND, what=str(problem)))
    words = tidy(note, MOST, lines=True)
    with writing(by, "pack.approve") as write:
        present = approval_of(pack)
        if present is not None:
            return present
        return write.save(
            PackApproval(
                code=code,
                version=f"{pack.version}.{pack.core_version}",
                digest=digest,
                by=by,
                licence=by.licence,
                at=clock.now(),
                note=words,
            )
        )


def withdraw(code: str, digest: str, by: Staff, note: str) -> PackApproval:
    """Take the approval of a content back; it is a draft again. Raises `NotAllowed`, `Refusal` without a reason."""
    require(by, "pack.approve")
    words = tidy(note, MOST, lines=True)
    if not words:
        raise Refusal(Message(WHY))
    with writing(by, "pack.withdraw") as write:
        held = PackApproval.objects.filter(code=code, digest=digest, withdrawn_at__isnull=True).order_by("-at").first()
        if held is None:
            raise Refusal(Message(NOTHING))
        held.withdrawn_at, held.withdrawn_note = clock.now(), words
        return write.save(held)
