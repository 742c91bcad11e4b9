"""What a bundle tells in JSON: its list of contents, the document's way, the verdicts."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from exchange.audit.answers import Answers, SignatureAnswer, StampAnswer
from exchange.audit.dossier import Dossier
from exchange.audit.entered import Proven
from exchange.audit.trail import Journey, Other
from exchange.domain.calendar import VN
from signing import SignatureVerdict

CONTENTS = "contents.json"
KEPT = "kept/letter.pdf"
_AS_BYTES = "backslashreplace"


def attachment_file(dossier: Dossier, ordinal: int) -> str:
    """Where an attachment stands: by its place, for its own name may be anything."""
    data = dossier.contents.attachments[ordinal][1]
    return f"attachments/{ordinal + 1:02d}.{'pdf' if data.startswith(b'%PDF-') else 'bin'}"


def proven_of(one: Proven) -> dict[str, Any]:
    """That a fact stands in the ledger, and in which of the two checkpoints first."""
    return {
        "kind": one.kind, "checkpoint": "later" if one.later else "checkpoint", "index": one.index,
        "leaf": one.leaf.decode("utf-8", _AS_BYTES), "payload": one.payload.decode("utf-8", _AS_BYTES),
        "proof": [step.hex() for step in one.inclusion],
    }  # fmt: skip


def as_json(value: object) -> bytes:
    """As a file: sorted, one value a line."""
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode("utf-8", "backslashreplace")


def instant_text(moment: datetime | None) -> str | None:
    """ISO 8601 at +07:00."""
    return None if moment is None else moment.astimezone(VN).isoformat()


def contents_of(dossier: Dossier, answers: Answers) -> dict[str, Any]:
    """What check.py goes by."""
    entered = dossier.entered
    number, notation, document_id = dossier.contents.document
    names = [name for name, _ in dossier.contents.attachments]
    return {
        "document": {"number": number, "notation": notation, "document_id": document_id},
        "attachments": [{"file": attachment_file(dossier, number), "name": name} for number, name in enumerate(names)],
        "signatures": [_signature(dossier, one) for one in answers.signatures],
        "timestamps": [_stamp(one) for one in answers.stamps],
        "unread": [{"attachment": name, "reason": reason} for name, reason in dossier.contents.unread],
        "entered": entered is not None,
        "continued": entered is not None and entered.later is not None,
    }


def _signature(dossier: Dossier, one: SignatureAnswer) -> dict[str, Any]:
    """In a PDF the bytes signed are a range, elsewhere a file or what the CMS holds."""
    part = one.part
    line: dict[str, Any] = {
        "folder": one.folder,
        "signature": f"{one.folder}/signature.p7s",
        "content": f"{one.folder}/content.bin",
        "attachment": attachment_file(dossier, part.ordinal),
        "attachment_name": part.attachment,
        "name": part.name,
    }
    if part.range is None:
        return line | {"detached": not part.attached}
    where = part.range
    return line | {"byte_range": [0, where.opening, where.closing, where.end - where.closing]}


def _stamp(one: StampAnswer) -> dict[str, Any]:
    token = one.stamped.token
    line = {"folder": one.folder, "token": f"{one.folder}/token.tst", "hash": token.imprint_algorithm, "kind": one.stamped.kind}
    return line if one.stamped.covered is None else line | {"content": f"{one.folder}/content.bin"}


def hops_of(dossier: Dossier) -> dict[str, Any]:
    """The way to each recipient, and the packages that moved the document."""
    others = enumerate(dossier.trail.others, 1)
    return {
        "deliveries": [_journey(one) for one in dossier.trail.journeys],
        "others": [
            {
                "folder": other_folder(number, one), "package_id": one.package_id, "kind": one.kind, "sender": one.sender,
                "admitted_at": instant_text(one.admitted_at), "entry": one.entry,
            }
            for number, one in others
        ],
        "omitted": dossier.trail.omitted,
    }  # fmt: skip


def other_folder(number: int, one: Other) -> str:
    """Where another package stands, by its place from 1 on."""
    return f"others/{number:04d}-{one.kind}"


def _journey(one: Journey) -> dict[str, Any]:
    return {
        "founder": one.founder,
        "recipient": one.recipient,
        "organ": one.organ,
        "route": one.route.split(">"),
        "available_at": instant_text(one.available_at),
        "transport": one.transport,
        "transport_at": instant_text(one.transport_at),
        "steps": [
            {"at": instant_text(each.at), "state": each.state, "cause": each.cause, "reason": each.reason, "entry": each.entry}
            for each in one.steps
        ],
    }


def recorded_of(dossier: Dossier) -> dict[str, Any]:
    """The axis' verdict as the archive keeps it."""
    said = dossier.recorded
    if said is None:
        return {"judged": False}
    return {"judged": True, "at": instant_text(said.at), "said": asdict(said.said), "entry": said.entry}


def recomputed_of(dossier: Dossier, answers: Answers) -> dict[str, Any]:
    """Our answers, each signature's with all its steps."""
    return {
        "at": instant_text(dossier.at),
        "admitted_at": instant_text(dossier.found.admitted_at),
        "policy": dossier.policy.name,
        "signatures": [
            {
                "folder": one.folder, "content_intact": one.intact, "chain_at": instant_text(one.at), "chain_holds": one.chain,
                "verdicts": [_verdict(verdict) for verdict in one.verdicts],
            }
            for one in answers.signatures
        ],
        "timestamps": [{"folder": one.folder, "at": instant_text(one.at), "holds": one.holds} for one in answers.stamps],
        "receipt": answers.receipt,
        "checkpoint": answers.checkpoint,
        "later": answers.later,
        "ledger": answers.included,
    }  # fmt: skip


def _verdict(one: SignatureVerdict) -> dict[str, Any]:
    return {
        "name": one.name, "indication": str(one.indication),
        "sub_indication": None if one.sub_indication is None else str(one.sub_indication),
        "best_signature_time": instant_text(one.best_signature_time), "level": one.level, "missing": one.missing,
        "checks": [{"name": check.name, "passed": check.passed, "clause": check.clause, "detail": check.detail} for check in one.checks],
        "existence": [
            {"object": proof.object_sha256.hex(), "at": instant_text(proof.at), "source": proof.source,
             "artefact": None if proof.artefact_sha256 is None else proof.artefact_sha256.hex()}
            for proof in one.existence
        ],
    }  # fmt: skip
