"""What an auditor trusts and has at hand: a folder of certificates, lists and answers, or the PKI of a scenario.

A folder is read by the names of its folders, and by content where there are none::

    anchors/              roots one trusts
    timestamp-anchors/    roots of time-stamping, where they are others
    authorities/          certificates in between; nothing is believed of them
    crls/  ocsp/          revocation data, likewise
    *                     any of these, told apart by content; a root among them is trusted only if ``--anchor`` names it

``tools/take_out_letters.py`` lays a run's out so. Nothing is ever fetched.

Who may sign for which organisation says a register: that of ``--register``, or of the scenario. It speaks of its own day: for an old
document it should be as it was when the document was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from console.locale import Text
from console.options import answered, fingerprint
from console.outcome import Unusable
from exchange.domain.organization import Directory
from exchange.trust import read_register
from signing import Artefacts, Evidence, FormatFailure, describe_certificate, sort_artefacts

if TYPE_CHECKING:
    from scenarios.world.pki import WorldPki

MAX_FILES = 10_000
MAX_BYTES = 256 * 1024 * 1024
"""All files of a folder together."""
MAX_ARTEFACT_FILE = 16 * 1024 * 1024
ANCHORS, STAMPING = "anchors", "timestamp-anchors"
FOLDERS = (ANCHORS, STAMPING, "authorities", "crls", "ocsp")
_SUFFIXES = frozenset({".der", ".cer", ".crt", ".pem", ".crl", ".ocsp", ".ors", ".p7c"})
"""What is taken for an artefact where the folder does not say so."""


@dataclass(frozen=True, slots=True)
class Register:
    """Who may sign for which organisation, and where that is from."""

    directory: Directory
    source: str


@dataclass(frozen=True, slots=True)
class Trust:
    """The evidence, where it is from (empty when nothing was given), and roots that lie there without being trusted."""

    evidence: Evidence
    source: str = ""
    untrusted_roots: tuple[bytes, ...] = ()
    confirmed: frozenset[bytes] = frozenset()
    """SHA-256 of certificates known from elsewhere: roots, and the axis whose receipt is to count."""
    register: Register | None = None
    """The scenario's, where it is one that is trusted."""
    asked_register: Register | None = None
    """The one that was asked for, which goes before any other."""


@dataclass(slots=True)
class _Pile:
    """What a folder holds, as it is read."""

    anchors: list[bytes] = field(default_factory=list)
    stamping: list[bytes] = field(default_factory=list)
    rest: Artefacts = field(default_factory=Artefacts)


def read_trust(spec: str | None, fingerprints: Sequence[str], at: datetime, text: Text, *, bundled: bool = False) -> Trust:
    """The evidence ``--trust`` and ``--anchor`` name, as of ``at`` where it is a scenario's. Raises :class:`Unusable`.

    ``bundled``: bundles are judged too, and what ``--anchor`` names may lie in them.
    """
    wanted = {fingerprint(one, text) for one in fingerprints}
    if spec is None:
        if wanted and not bundled:
            raise Unusable(text("verify.error.anchor-alone"))
        return Trust(Evidence(()))
    path = Path(spec)
    if answered(Path.is_dir, path, text):
        return _of_folder(path, spec, wanted, text, bundled)
    if path.is_file() and path.suffix != ".toml":
        raise Unusable(text("verify.error.trust-file", path=spec))
    if wanted and not bundled:
        raise Unusable(text("verify.error.anchor-alone"))
    built = _scenario(spec, "verify.error.trust", text)
    axis = sha256(built.axis.certificate_der).digest()
    return Trust(built.pki.evidence(at), spec, confirmed=frozenset({axis}), register=Register(built.directory, spec))


def read_register_of(spec: str, read: Callable[[Path], bytes], text: Text) -> Register:
    """The register ``--register`` names: a file as bundles carry it, or a scenario's. Raises :class:`Unusable`."""
    path = Path(spec)
    if path.suffix == ".toml" or not answered(Path.is_file, path, text):
        return Register(_scenario(spec, "verify.error.register", text).directory, spec)
    try:
        return Register(read_register(read(path)), spec)
    except ValueError:
        raise Unusable(text("verify.error.register-file", path=path)) from None


def _scenario(spec: str, refusal: str, text: Text) -> WorldPki:
    """PKI, axis and register of a scenario; the house is entered only when one is named."""
    from console.known import known, world_of
    from scenarios.world.pki import build

    name, _, seed = spec.partition(":")
    seed = seed or "1"
    try:
        known(name, seed, text)
    except Unusable:
        raise Unusable(text(refusal, spec=spec or "''")) from None
    return build(world_of(name, seed, text))


def _of_folder(folder: Path, spec: str, wanted: set[bytes], text: Text, bundled: bool) -> Trust:
    pile = _Pile()
    for path, data in _files(folder, text):
        _add(pile, path.relative_to(folder).parts[0] if path.parent != folder else "", path, data, text)
    for certificate in pile.rest.certificates:
        if sha256(certificate).digest() in wanted:
            pile.anchors.append(certificate)
    missing = wanted - {sha256(anchor).digest() for anchor in (*pile.anchors, *pile.stamping)}
    if missing and not bundled:
        raise Unusable(text("verify.error.no-such-anchor", folder=spec, given=min(missing).hex()))
    anchors = tuple(dict.fromkeys(pile.anchors))
    certificates = tuple(one for one in pile.rest.certificates if one not in anchors)
    roots = tuple(one for one in certificates if _self_issued(one) and one not in pile.stamping)
    evidence = Evidence(anchors, tuple(dict.fromkeys(pile.stamping)), certificates, pile.rest.crls, pile.rest.ocsps)
    return Trust(evidence, spec, roots)


def _self_issued(certificate: bytes) -> bool:
    words = describe_certificate(certificate)
    return words is not None and words.self_issued


def _files(folder: Path, text: Text) -> Iterator[tuple[Path, bytes]]:
    """Every regular file, in the order of its name; bounded in number and size."""
    size = 0
    try:
        paths = sorted(path for path in folder.rglob("*") if not path.name.startswith(".") and path.is_file())
        if len(paths) > MAX_FILES:
            raise Unusable(text("verify.error.trust-many", folder=folder, most=text.number(MAX_FILES)))
        for path in paths:
            if path.relative_to(folder).parts[0] not in FOLDERS and path.suffix.lower() not in _SUFFIXES:
                continue
            length = path.stat().st_size
            size += length
            if length > MAX_ARTEFACT_FILE or size > MAX_BYTES:
                raise Unusable(text("verify.error.trust-large", path=path, most=text.number(MAX_ARTEFACT_FILE)))
            yield path, path.read_bytes()
    except OSError as error:
        raise Unusable(text("verify.error.unreadable", path=error.filename or folder, reason=text.reason(error))) from None


def _add(pile: _Pile, place: str, path: Path, data: bytes, text: Text) -> None:
    try:
        found = sort_artefacts(data)
    except FormatFailure as failure:
        raise Unusable(text("verify.error.artefact", path=path, rule=text.phrase(str(failure)))) from None
    if place in (ANCHORS, STAMPING):
        if found.crls or found.ocsps:
            raise Unusable(text("verify.error.no-anchor", path=path))
        (pile.anchors if place == ANCHORS else pile.stamping).extend(found.certificates)
    else:
        pile.rest += found
