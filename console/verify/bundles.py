"""Evidence bundles as ``truc verify`` takes them: their package judged by what they bring, and everything in them held against it.

A bundle's roots are not trusted for being in it: ``--anchor`` names the one that is known from elsewhere, or ``--trust`` brings it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from console.locale import Text
from console.options import fingerprint
from console.outcome import Unusable
from console.verify.trust import Register, Trust
from exchange.agreement import Finding
from exchange.audit.answers import answers_of
from exchange.audit.bundle_check import BundleReport, check_bundle, kept_faults
from exchange.audit.bundle_json import KEPT
from exchange.audit.bundle_read import read_bundle
from exchange.audit.bundle_zip import MAX_BUNDLE, looks_like_bundle, open_bundle
from exchange.audit.dossier import Dossier
from exchange.audit.told import REGISTER, TERMS
from exchange.errors import BundleUnreadable
from exchange.trust import Terms, read_register
from signing import Evidence, ProofOfExistence, describe_certificate

_MOST_TOLD = 20


def is_bundle(path: Path) -> bool:
    """Whether a file is meant as a bundle; nothing that cannot be read is one."""
    try:
        return path.is_file() and path.stat().st_size <= MAX_BUNDLE and looks_like_bundle(path.read_bytes())
    except OSError:
        return False


def opened_bundle(name: object, data: bytes, text: Text) -> tuple[Dossier, BundleReport]:
    """A bundle of a file of this name, read and checked. Raises :class:`Unusable`."""
    try:
        return _opened(data)
    except BundleUnreadable as error:
        rule = f"{error.place} {text.phrase(error.rule)}"
        raise Unusable(text("verify.error.bundle", path=name, rule=rule)) from None


@lru_cache(maxsize=1)
def _opened(data: bytes) -> tuple[Dossier, BundleReport]:
    bundle = read_bundle(open_bundle(data))
    return bundle.dossier, check_bundle(bundle)


def proofs_of(dossier: Dossier, trusted: frozenset[bytes]) -> tuple[ProofOfExistence, ...]:
    """What receipt and ledger prove, if both the root and the axis' own certificate are among those known from elsewhere (SHA-256).

    Anybody with a certificate under the root can sign a receipt of any date: it proves something only when it is known whose word it is.
    """
    if sha256(dossier.axis).digest() not in trusted:
        return ()
    return answers_of(_by_known_roots(dossier, trusted)).proofs


def _by_known_roots(dossier: Dossier, trusted: frozenset[bytes]) -> Dossier:
    anchors = tuple(one for one in dossier.evidence.anchors if sha256(one).digest() in trusted)
    return replace(dossier, evidence=replace(dossier.evidence, anchors=anchors))


def foreign_copy(dossier: Dossier, trusted: frozenset[bytes]) -> tuple[Finding, ...]:
    """What is wrong with its copy by the roots known from elsewhere alone, where it brings more: under those anybody stamps anything."""
    known = _by_known_roots(dossier, trusted)
    if not dossier.kept or not known.evidence.anchors or known.evidence == dossier.evidence:
        return ()
    return tuple(Finding("bundle", f"{KEPT}: {fault}") for fault in kept_faults(known))


def register_of(name: str, dossier: Dossier, report: BundleReport, trusted: frozenset[bytes]) -> Register | None:
    """The register the axis judged by; ``None`` where that is nobody's word but the bundle's."""
    if not _said_by_axis(REGISTER, dossier, report, trusted):
        return None
    try:
        return Register(read_register(dossier.register), name)
    except ValueError:
        return None


def terms_of(dossier: Dossier, report: BundleReport, trusted: frozenset[bytes]) -> Terms | None:
    """The terms it judged by, likewise."""
    if not _said_by_axis(TERMS, dossier, report, trusted):
        return None
    try:
        return Terms.read(dossier.terms)
    except ValueError:
        return None


def _said_by_axis(entry: str, dossier: Dossier, report: BundleReport, trusted: frozenset[bytes]) -> bool:
    """Whether the ledger speaks of it, and the axis that keeps the ledger is known from elsewhere."""
    return sha256(dossier.axis).digest() in trusted and entry not in report.unproven


def unknown_axis(dossier: Dossier, trusted: frozenset[bytes]) -> tuple[Finding, ...]:
    """Says whose receipt does not count, and how it would."""
    words = describe_certificate(dossier.axis)
    if words is None or words.sha256 in trusted:
        return ()
    detail = f"the receipt is signed by {words.name}, and counts for nothing until --anchor {words.sha256.hex()} says that this is the axis"
    return (Finding("bundle-axis", detail),)


def told_findings(report: BundleReport) -> tuple[Finding, ...]:
    """What is wrong with a bundle, each as one sentence."""
    found = [Finding("bundle", f"{one.place.row}: {one.detail}") for one in report.findings[:_MOST_TOLD]]
    broken = {"receipt": report.answers.receipt, "checkpoint": report.answers.checkpoint, "later checkpoint": report.answers.later}
    unsaid = "is not the word of the axis that the bundle names"
    found += [Finding("bundle", f"the {name} {unsaid}") for name, holds in broken.items() if holds is False]
    if report.answers.included is False:
        found.append(Finding("bundle", "the ledger does not include the package as the bundle says"))
    return tuple(found)


def told_remarks(report: BundleReport) -> tuple[Finding, ...]:
    """What is nobody's word but the bundle's, and what in it is to be followed or run and is not this program's."""
    found = [Finding("bundle-unproven", f"the ledger does not speak of {one}") for one in report.unproven[:_MOST_TOLD]]
    found += [Finding("bundle-strange", f"{one} is not what this program writes into a bundle") for one in report.strange]
    return tuple(found)


def with_bundles(trust: Trust, paths: Sequence[Path], anchors: Sequence[str], read: Callable[[Path], bytes], text: Text) -> Trust:
    """The evidence of bundles added to what is trusted; of their roots those named, the others told. Raises :class:`Unusable`."""
    named = {fingerprint(one, text) for one in anchors}
    wanted = named | {sha256(one).digest() for one in trust.evidence.anchors}
    missing = set(named) if paths else set()
    missing -= {sha256(one).digest() for one in (*trust.evidence.timestamp_anchors, *trust.evidence.anchors, *trust.evidence.certificates)}
    for path in paths:
        dossier, _ = opened_bundle(path, read(path), text)
        found = dossier.evidence
        known = tuple(one for one in found.anchors if sha256(one).digest() in wanted)
        others = tuple(one for one in found.anchors if one not in known)
        missing -= {sha256(one).digest() for one in (*found.anchors, *found.certificates, dossier.axis)}
        own = Evidence(known, (), found.certificates, found.crls)
        source = trust.source or str(path)
        trust = replace(trust, evidence=trust.evidence + own, source=source, untrusted_roots=(*trust.untrusted_roots, *others))
    if missing:
        raise Unusable(text("verify.error.no-such-anchor", folder=trust.source, given=min(missing).hex()))
    return replace(trust, confirmed=frozenset(wanted) | trust.confirmed)
