"""A dossier as an evidence bundle: a zip that anybody checks offline, with OpenSSL and a page of Python, without this program.

Same dossier, same bytes: order, times and rights of the entries are fixed, and nothing is compressed.
"""

from __future__ import annotations

from base64 import encodebytes
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from importlib.resources import files
from typing import Any

from exchange.api import Checkpoint
from exchange.audit.answers import Answers, answers_of
from exchange.audit.bundle_json import (
    CONTENTS,
    KEPT,
    as_json,
    attachment_file,
    contents_of,
    hops_of,
    other_folder,
    proven_of,
    recomputed_of,
    recorded_of,
)
from exchange.audit.bundle_zip import MANIFEST, pack
from exchange.audit.dossier import Dossier
from exchange.audit.readme import LANGUAGES, readme
from exchange.audit.trail import Word

FORMAT = "truc-evidence/2"
PACKAGE, CHECK = "package.edxml", "check.py"


def script() -> bytes:
    """The page of Python that checks a bundle by hashes."""
    return files("exchange.audit").joinpath("bundle_files", CHECK).read_bytes()


def write_bundle(dossier: Dossier, policy_file: bytes) -> bytes:
    """The bundle. ``policy_file`` is the policy the long way was judged by, as it stands in its file."""
    entries = _entries(dossier, policy_file)
    entries[MANIFEST] = as_json(_manifest(dossier, entries))
    return pack(entries)


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
        CHECK: script(),
        "hops.json": as_json(hops_of(dossier)),
        "verdicts/recorded.json": as_json(recorded_of(dossier)),
        "verdicts/recomputed.json": as_json(recomputed_of(dossier, answers)),
    }
    found |= {f"README{suffix}.md": readme(language, dossier, answers).encode() for language, suffix in LANGUAGES.items()}
    found |= {name: data for name, data in (("trust/terms.json", dossier.terms), ("trust/register.json", dossier.register)) if data}
    found |= {KEPT: dossier.kept} if dossier.kept else {}
    found |= bundle_entries(dossier, answers)
    found |= _evidence(dossier, answers)
    found |= _ledger(dossier)
    found |= _others(dossier)
    return found


def bundle_entries(dossier: Dossier, answers: Answers) -> dict[str, bytes]:
    """The files that follow from package and proofs: attachments, signatures and time-stamps with the bytes they cover, and their list."""
    return {CONTENTS: as_json(contents_of(dossier, answers)), **_attachments(dossier), **_signatures(answers)}


def _attachments(dossier: Dossier) -> dict[str, bytes]:
    return {attachment_file(dossier, number): data for number, (_, data) in enumerate(dossier.contents.attachments)}


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
        "ledger/inclusion.json": as_json({"index": entered.index, "proof": [one.hex() for one in entered.inclusion]}),
        **_checkpoint("checkpoint", entered.checkpoint),
    }
    if entered.later is not None:
        found |= _checkpoint("later", entered.later)
        found["ledger/consistency.json"] = as_json({"proof": [one.hex() for one in entered.consistency]})
    found["ledger/facts.json"] = as_json([proven_of(one) for one in entered.facts])
    return found


def _checkpoint(name: str, checkpoint: Checkpoint) -> dict[str, bytes]:
    return {f"ledger/{name}.json": checkpoint.statement, f"ledger/{name}.p7s": checkpoint.signature}


def _others(dossier: Dossier) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for number, other in enumerate(dossier.trail.others, 1):
        folder = other_folder(number, other)
        if other.data:
            found[f"{folder}/package.edxml"] = other.data
        if other.word is not None:
            found |= _word(folder, other.word)
    return found


def _word(folder: str, word: Word) -> dict[str, bytes]:
    return {f"{folder}/statement.json": word.statement, f"{folder}/signature.p7s": word.signature}
