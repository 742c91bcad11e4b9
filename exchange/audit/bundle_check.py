"""Checks an evidence bundle: every file held against the package, the ledger and the signatures, all answers given anew.

As an archive, a bundle cannot vouch for itself: whether its anchors are the right ones must be known from outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from exchange.audit.answers import Answers, answers_of
from exchange.audit.bundle_json import KEPT, as_json, hops_of, instant_text, other_folder, recomputed_of, recorded_of
from exchange.audit.bundle_read import TRUST, Bundle, Reading, json_of
from exchange.audit.bundle_write import CHECK, bundle_entries, script
from exchange.audit.bundle_zip import MANIFEST
from exchange.audit.dossier import Dossier
from exchange.audit.findings import Finding, Place
from exchange.audit.lasting import copy_faults
from exchange.audit.readme import LANGUAGES, readme
from exchange.audit.told import HOPS, VERDICT, contradictions, unproven
from signing import Evidence

_BELONGS = re.compile(
    r"(package\.edxml|policy\.toml|check\.py|hops\.json|manifest\.json|README(\.vi)?\.md|receipt/(statement\.json|signature\.p7s)"
    r"|verdicts/(recorded|recomputed)\.json|trust/(terms\.json|register\.json|at-\d+\.pem)|certificates/[a-z]+\.pem|ocsp/\d+\.der"
    r"|ledger/(leaf|payload|inclusion|checkpoint|later|consistency|facts)\.json|ledger/(checkpoint|later)\.p7s|kept/letter\.pdf)"
)
"""What a bundle may hold beside what follows from its package."""
_MADE = "written by the same program from the same evidence"


@dataclass(frozen=True, slots=True)
class BundleReport:
    """What a bundle is worth. ``answers`` are ours, made anew; ``findings`` name everything in the bundle that is not as it must be.

    ``unproven`` is what nobody says but the bundle, ``strange`` the files to be followed or run that are not those this program writes.
    ``anchors`` are SHA-256 of the anchors it brings, to be compared with what is known from outside.
    """

    findings: tuple[Finding, ...]
    answers: Answers
    anchors: tuple[bytes, ...]
    unproven: tuple[str, ...]
    strange: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether the bundle is whole and every answer that must be yes is yes."""
        ours = self.answers
        words = (ours.receipt, ours.checkpoint is not False, ours.later is not False, ours.included is not False)
        return not self.findings and all(words) and all(verdict.passed for one in ours.signatures for verdict in one.verdicts)


def check_bundle(bundle: Bundle) -> BundleReport:
    """Judge everything anew and hold every file against that; never raises for what the bundle holds.

    (1) the manifest names every file by its SHA-256
    (2) what was taken out of the package is what stands in the package: attachments, signatures, the bytes signed
    (3) the answers written down are the ones we give now
    (4) what is told of the document's way, of the verdict and of the terms is what the ledger has
    (5) the roots that OpenSSL is given are those of the bundle
    (6) a copy that somebody made last begins with the letter, and its time-stamps hold over the rest
    """
    dossier, entries = bundle.dossier, bundle.entries
    answers = answers_of(dossier)
    findings = [
        *_manifest(dossier.found.package_id, entries),
        *_derived(dossier, answers, entries),
        *_answers(answers, entries),
        *_roots(dossier, entries),
        *_kept(dossier, entries),
    ]
    findings += [_finding(one.file, "told-otherwise", one.detail) for one in contradictions(dossier)]
    anchors = tuple(sha256(one).digest() for one in dossier.evidence.anchors)
    strange = () if findings else tuple(_strange(dossier, answers, entries))  # what follows from a part that is false differs with it
    return BundleReport(tuple(findings), answers, anchors, tuple(unproven(dossier)), strange)


def _roots(dossier: Dossier, entries: Mapping[str, bytes]) -> Iterable[Finding]:
    for name in entries:
        if TRUST.fullmatch(name) and set(Reading(entries).pem(name, b"CERTIFICATE")) != set(dossier.evidence.anchors):
            yield _finding(name, "roots-differ", "it brings other roots than certificates/anchors.pem")


def _kept(dossier: Dossier, entries: Mapping[str, bytes]) -> Iterable[Finding]:
    for fault in kept_faults(dossier) if KEPT in entries else ():
        yield _finding(KEPT, "file-differs", fault)


def kept_faults(dossier: Dossier) -> Iterable[str]:
    """What somebody made of the letter is the letter first of all; what stands behind that, its time-stamps must hold over."""

    def evidence(at: datetime) -> Evidence:
        return replace(dossier.evidence, crls=dossier.lists.get(at.replace(microsecond=0), dossier.evidence.crls))

    return copy_faults(dossier.kept, dossier.contents, evidence, dossier.policy)


def _strange(dossier: Dossier, answers: Answers, entries: Mapping[str, bytes]) -> Iterable[str]:
    """Texts with commands, and the script: whoever follows them believes whoever wrote them."""
    for language, suffix in LANGUAGES.items():
        name = f"README{suffix}.md"
        ours = (readme(language, replace(dossier, confirmed=confirmed), answers).encode() for confirmed in (True, False))
        if name in entries and entries[name] not in ours:
            yield name
    if entries.get(CHECK) != script():
        yield CHECK
    if entries["verdicts/recomputed.json"] != as_json(recomputed_of(dossier, answers)):
        yield "verdicts/recomputed.json"


def _manifest(package_id: str, entries: Mapping[str, bytes]) -> Iterable[Finding]:
    manifest = json_of(MANIFEST, entries[MANIFEST])
    if manifest.get("package_id") != package_id:
        yield _finding(MANIFEST, "manifest-unreadable", "it is that of another package")
    listed = manifest.get("files")
    if not isinstance(listed, dict):
        yield _finding(MANIFEST, "manifest-unreadable", "it lists no files")
        return
    for name in sorted(set(listed) | (set(entries) - {MANIFEST})):
        data, said = entries.get(name), listed.get(name)
        if data is None:
            yield _finding(name, "file-missing", "the manifest names it, and it is not there")
        elif not isinstance(said, dict):
            yield _finding(name, "file-extra", "it is there, and the manifest does not name it")
        elif (said.get("sha256"), said.get("size")) != (sha256(data).hexdigest(), len(data)):
            yield _finding(name, "file-changed", "it is not the file that was put in")


def _derived(dossier: Dossier, answers: Answers, entries: Mapping[str, bytes]) -> Iterable[Finding]:
    """Files that follow from the package: written again, they must be the same."""
    again = bundle_entries(dossier, answers)
    told = {HOPS: as_json(hops_of(dossier)), VERDICT: as_json(recorded_of(dossier))}
    for name, data in told.items():
        if entries[name] != data:
            yield _finding(name, "file-differs", "it is not written as this program writes what it says")
    for name in sorted(again):
        if name in entries and entries[name] != again[name]:
            yield _finding(name, "file-differs", "it is not what stands in the package")
        elif name not in entries:
            yield _finding(name, "file-missing", "the package has it, and the bundle has not")
    folders = {f"{other_folder(number, other)}/" for number, other in enumerate(dossier.trail.others, 1)}
    for name in sorted(entries):
        if name not in again and not _BELONGS.fullmatch(name) and name.rpartition("/")[0] + "/" not in folders:
            yield _finding(name, "file-extra", "the package has nothing of this kind")


def _answers(answers: Answers, entries: Mapping[str, bytes]) -> Iterable[Finding]:
    name = "verdicts/recomputed.json"
    told = json_of(name, entries[name])
    for one in answers.signatures:
        said = _named(told.get("signatures"), one.folder)
        indications = [str(verdict.indication) for verdict in one.verdicts]
        verdicts = said.get("verdicts")
        theirs = [each.get("indication") for each in verdicts if isinstance(each, dict)] if isinstance(verdicts, list) else None
        stated = (said.get("content_intact"), said.get("chain_holds"), theirs, said.get("chain_at"))
        if stated != (one.intact, one.chain, indications, instant_text(one.at)):
            yield _finding(one.folder, "answer-differs", f"validated now it gives {', '.join(indications)}, the bundle says otherwise")
    for stamp in answers.stamps:
        if _named(told.get("timestamps"), stamp.folder).get("holds") is not stamp.holds:
            yield _finding(stamp.folder, "answer-differs", "the time-stamp is not worth what the bundle says")
    ours = {"receipt": answers.receipt, "checkpoint": answers.checkpoint, "later": answers.later, "ledger": answers.included}
    for key, value in ours.items():
        if told.get(key) is not value:
            yield _finding(key, "answer-differs", "what the bundle says of it is not so")


def _named(lines: Any, folder: str) -> dict[str, Any]:
    found = (one for one in lines if isinstance(one, dict) and one.get("folder") == folder) if isinstance(lines, list) else iter(())
    return next(found, {})


def _finding(name: str, rule: str, detail: str) -> Finding:
    return Finding(Place("bundle", name), rule, _MADE, detail)
