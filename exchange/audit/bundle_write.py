"""A dossier as an evidence bundle: a zip that anybody checks offline, with OpenSSL and a page of Python, without this program.

Same dossier, same bytes: order, times and rights of the entries are fixed, and nothing is compressed.
"""

from __future__ import annotations

import io
import json
import zipfile
from base64 import encodebytes
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from importlib.resources import files
from typing import Any

from exchange.api import Checkpoint
from exchange.audit.answers import Answers, answers_of
from exchange.audit.dossier import Dossier
from exchange.audit.entered import Proven
from exchange.audit.readme import LANGUAGES, readme
from exchange.audit.trail import Word
from exchange.domain.calendar import VN
from signing import SignatureVerdict

FORMAT = "truc-evidence/1"
MANIFEST, CONTENTS, PACKAGE = "manifest.json", "contents.json", "package.edxml"
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644 << 16
_UNIX = 3


def write_bundle(dossier: Dossier, policy_file: bytes) -> bytes:
    """The bundle. ``policy_file`` is the policy the long way was judged by, as it stands in its file."""
    entries = _entries(dossier, policy_file)
    entries[MANIFEST] = _json(_manifest(dossier, entries))
    return pack(entries)


def pack(entries: Mapping[str, bytes]) -> bytes:
    """A zip of these entries in the order of their names, the same bytes for the same entries."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(entries):
            info = zipfile.ZipInfo(name, _EARLIEST)
            info.create_system, info.external_attr = _UNIX, _PLAIN_FILE
            archive.writestr(info, entries[name])
    return out.getvalue()


def _manifest(dossier: Dossier, entries: Mapping[str, bytes]) -> dict[str, Any]:
    listed = {name: {"sha256": sha256(data).hexdigest(), "size": len(data)} for name, data in sorted(entries.items())}
    return {"format": FORMAT, "package_id": dossier.found.package_id, "files": listed}


def _entries(dossier: Dossier, policy_file: bytes) -> dict[str, bytes]:
    answers = answers_of(dossier)
    found = {
        PACKAGE: dossier.package,
        "receipt/statement.json": dossier.receipt.statement,
        "receipt/signature.p7s": dossier.receipt.signature,
        "policy.toml": policy_file,
        "check.py": files("exchange.audit").joinpath("bundle_files", "check.py").read_bytes(),
        "hops.json": _json(_hops(dossier)),
        "verdicts/recorded.json": _json(_recorded(dossier)),
        "verdicts/recomputed.json": _json(_recomputed(dossier, answers)),
    }
    found |= {f"README{suffix}.md": readme(language, dossier, answers).encode() for language, suffix in LANGUAGES.items()}
    found |= {name: data for name, data in (("trust/terms.json", dossier.terms), ("trust/register.json", dossier.register)) if data}
    found |= bundle_entries(dossier, answers)
    found |= _evidence(dossier, answers)
    found |= _ledger(dossier)
    found |= _others(dossier)
    return found


def bundle_entries(dossier: Dossier, answers: Answers) -> dict[str, bytes]:
    """The files that follow from package and proofs: attachments, signatures and time-stamps with the bytes they cover, and their list."""
    return {CONTENTS: _json(_contents(dossier, answers)), **_attachments(dossier), **_signatures(answers)}


def _attachments(dossier: Dossier) -> dict[str, bytes]:
    return {attachment_file(dossier, number): data for number, (_, data) in enumerate(dossier.contents.attachments)}


def attachment_file(dossier: Dossier, ordinal: int) -> str:
    """Where an attachment stands: by its place, for its own name may be anything."""
    data = dossier.contents.attachments[ordinal][1]
    return f"attachments/{ordinal + 1:02d}.{'pdf' if data.startswith(b'%PDF-') else 'bin'}"


def _signatures(answers: Answers) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for one in answers.signatures:
        part = one.part
        found |= {f"{one.folder}/signature.p7s": part.cms, f"{one.folder}/content.bin": part.covered}
    for stamp in answers.stamps:
        found[f"{stamp.folder}/token.tst"] = stamp.stamped.token.der
        if stamp.stamped.covered is not None:
            found[f"{stamp.folder}/content.bin"] = stamp.stamped.covered
    return found


def _evidence(dossier: Dossier, answers: Answers) -> dict[str, bytes]:
    evidence = dossier.evidence
    others = dict.fromkeys((*evidence.certificates, *answers.certificates))
    found = {
        "certificates/anchors.pem": _pem("CERTIFICATE", (*evidence.anchors, *evidence.timestamp_anchors)),
        "certificates/authorities.pem": _pem("CERTIFICATE", evidence.certificates),
        "certificates/others.pem": _pem("CERTIFICATE", others),
    }
    if dossier.axis:
        found["certificates/axis.pem"] = _pem("CERTIFICATE", (dossier.axis,))
    for moment, lists in dossier.lists.items():
        anchors = _pem("CERTIFICATE", (*evidence.anchors, *evidence.timestamp_anchors))
        found[trust_file(moment)] = anchors + _pem("X509 CRL", (*lists, *answers.lists))
    for number, response in enumerate(answers.ocsps, 1):
        found[f"ocsp/{number:02d}.der"] = response
    return found


def trust_file(moment: datetime) -> str:
    """Anchors and lists in force at an instant, as ``-CAfile`` takes them."""
    return f"trust/at-{int(moment.timestamp())}.pem"


def _pem(label: str, items: Iterable[bytes]) -> bytes:
    return b"".join(b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label.encode(), encodebytes(one), label.encode()) for one in items)


def _ledger(dossier: Dossier) -> dict[str, bytes]:
    entered = dossier.entered
    if entered is None:
        return {}
    found = {
        "ledger/leaf.json": entered.leaf,
        "ledger/payload.json": entered.payload,
        "ledger/inclusion.json": _json({"index": entered.index, "proof": [one.hex() for one in entered.inclusion]}),
        **_checkpoint("checkpoint", entered.checkpoint),
    }
    if entered.later is not None:
        found |= _checkpoint("later", entered.later)
        found["ledger/consistency.json"] = _json({"proof": [one.hex() for one in entered.consistency]})
    found["ledger/evidence.json"] = _json([_proven(one) for one in entered.evidence])
    return found


def _proven(one: Proven) -> dict[str, Any]:
    """That an artefact stands in the ledger, and in which of the two checkpoints first."""
    return {
        "sha256": one.artefact_sha256.hex(), "checkpoint": "later" if one.later else "checkpoint", "index": one.index,
        "leaf": one.leaf.decode(), "payload": one.payload.decode(), "proof": [step.hex() for step in one.inclusion],
    }  # fmt: skip


def _checkpoint(name: str, checkpoint: Checkpoint) -> dict[str, bytes]:
    return {f"ledger/{name}.json": checkpoint.statement, f"ledger/{name}.p7s": checkpoint.signature}


def _others(dossier: Dossier) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for number, other in enumerate(dossier.trail.others, 1):
        folder = f"others/{number:04d}-{other.kind}"
        if other.data:
            found[f"{folder}/package.edxml"] = other.data
        if other.word is not None:
            found |= _word(folder, other.word)
    return found


def _word(folder: str, word: Word) -> dict[str, bytes]:
    return {f"{folder}/statement.json": word.statement, f"{folder}/signature.p7s": word.signature}


# --- what is told in JSON ---


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode("utf-8", "backslashreplace")


def instant_text(moment: datetime | None) -> str | None:
    """ISO 8601 at +07:00."""
    return None if moment is None else moment.astimezone(VN).isoformat()


def _contents(dossier: Dossier, answers: Answers) -> dict[str, Any]:
    """What check.py goes by."""
    signatures = []
    for one in answers.signatures:
        part = one.part
        line: dict[str, Any] = {
            "folder": one.folder, "signature": f"{one.folder}/signature.p7s", "content": f"{one.folder}/content.bin",
            "attachment": attachment_file(dossier, part.ordinal), "attachment_name": part.attachment, "name": part.name,
        }  # fmt: skip
        if part.range is not None:
            where = part.range
            line["byte_range"] = [0, where.opening, where.closing, where.end - where.closing]
        else:
            line["detached"] = not part.attached
        signatures.append(line)
    stamps: list[dict[str, Any]] = []
    for stamp in answers.stamps:
        line = {"folder": stamp.folder, "token": f"{stamp.folder}/token.tst", "hash": stamp.stamped.token.imprint_algorithm, "kind": stamp.stamped.kind}
        stamps.append(line | ({"content": f"{stamp.folder}/content.bin"} if stamp.stamped.covered is not None else {}))
    entered = dossier.entered
    found = dossier.found
    return {
        "document": {"number": found.number, "notation": found.notation, "document_id": found.document_id},
        "attachments": [
            {"file": attachment_file(dossier, number), "name": name} for number, (name, _) in enumerate(dossier.contents.attachments)
        ],
        "signatures": signatures,
        "timestamps": stamps,
        "unread": [{"attachment": name, "reason": reason} for name, reason in dossier.contents.unread],
        "entered": entered is not None,
        "continued": entered is not None and entered.later is not None,
    }  # fmt: skip


def _hops(dossier: Dossier) -> dict[str, Any]:
    return {
        "deliveries": [
            {
                "recipient": one.recipient, "organ": one.organ, "route": one.route.split(">"), "available_at": instant_text(one.available_at),
                "transport": one.transport, "transport_at": instant_text(one.transport_at),
                "steps": [{"at": instant_text(step.at), "state": step.state, "cause": step.cause, "reason": step.reason} for step in one.steps],
            }
            for one in dossier.trail.journeys
        ],
        "others": [
            {"folder": f"others/{number:04d}-{one.kind}", "package_id": one.package_id, "kind": one.kind, "sender": one.sender,
             "admitted_at": instant_text(one.admitted_at)}
            for number, one in enumerate(dossier.trail.others, 1)
        ],
        "omitted": dossier.trail.omitted,
    }  # fmt: skip


def _recorded(dossier: Dossier) -> dict[str, Any]:
    said = dossier.recorded
    if said is None:
        return {"judged": False}
    return {"judged": True, "at": instant_text(said.at), "said": asdict(said.said), "again": None if said.again is None else asdict(said.again)}


def _recomputed(dossier: Dossier, answers: Answers) -> dict[str, Any]:
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
        "name": one.name, "indication": str(one.indication), "sub_indication": None if one.sub_indication is None else str(one.sub_indication),
        "best_signature_time": instant_text(one.best_signature_time), "level": one.level, "missing": one.missing,
        "checks": [{"name": check.name, "passed": check.passed, "clause": check.clause, "detail": check.detail} for check in one.checks],
        "existence": [
            {"object": proof.object_sha256.hex(), "at": instant_text(proof.at), "source": proof.source,
             "artefact": None if proof.artefact_sha256 is None else proof.artefact_sha256.hex()}
            for proof in one.existence
        ],
    }  # fmt: skip

