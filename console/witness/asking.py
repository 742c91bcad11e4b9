"""What ``truc witness`` is told: which axis, who asks it, by what its word is known, and where the last checkpoint is kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from os.path import isdir
from pathlib import Path
from urllib.parse import urlsplit

from console.locale import Text
from console.outcome import Unusable
from console.verify.opening import read_bounded
from exchange.api import Caller, Checkpoint
from exchange.audit import read_trust_folder
from exchange.audit.evidence import Lists
from exchange.checkpoints import MAX_FILE, read_checkpoint, signature_fault
from exchange.domain.identifiers import OrganId
from exchange.errors import CheckpointUnreadable, InvalidOrganId
from exchange.settings import AxisSettings
from signing import FormatFailure, TrustStore, Validator, certificate_facts, sort_artefacts

_SECRET = 4 * 1024
_CERTIFICATE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for."""

    axis: str
    keep: Path
    trust: str
    certificate: Path | None
    agency: str | None
    secret: Path | None
    every: int | None


@dataclass(frozen=True, slots=True)
class Bench:
    """A witness ready to look.

    ``certificate``: the axis', under which every checkpoint must be signed. ``folder``: what the validator was made of, if a folder.
    """

    url: str
    keep: Path
    caller: Caller
    validator: Validator
    certificate: bytes
    folder: Path | None = None

    def renewed(self) -> Bench:
        """With the lists that lie in the folder now. Raises :class:`exchange.errors.ArchiveUnreadable`."""
        return self if self.folder is None else replace(self, validator=_validator(self.folder))

    def fault(self, one: Checkpoint) -> str:
        """Why a checkpoint is not the axis' word; empty when it is."""
        return signature_fault(one, self.validator, self.certificate)


def bench_of(wish: Wish, text: Text) -> Bench:
    """Everything but the axis' answer. Raises :class:`Unusable`, :class:`exchange.errors.ArchiveUnreadable`."""
    url = _address(wish.axis, text)
    kept(wish.keep, text)  # before anything that takes time
    if not isdir(wish.trust):
        return _of_scenario(url, wish, text)
    folder = Path(wish.trust)
    return Bench(url, wish.keep, _named_caller(wish, text), _validator(folder), _certificate(wish, text), folder)


def _of_scenario(url: str, wish: Wish, text: Text) -> Bench:
    """The PKI of a scenario, its axis, and who runs that; the house is entered only when one is named."""
    from console.known import world_of
    from scenarios.world.pki import build

    name, _, seed = wish.trust.partition(":")
    world = world_of(name, seed or "1", text)
    issued = build(world)
    certificate = issued.axis.certificate_der if wish.certificate is None else _certificate(wish, text)
    asks = _named_caller(wish, text, world.seed)
    return Bench(url, wish.keep, asks, Validator(issued.pki.trust_store(), issued.policy), certificate)


def kept(path: Path, text: Text) -> Checkpoint | None:
    """The checkpoint kept; ``None`` where there is no file yet. Raises :class:`Unusable` for a file that is no checkpoint's."""
    if not isdir(path.parent):
        raise Unusable(text("witness.error.folder", path=path))
    try:
        if not path.exists() and not path.is_symlink():
            return None
        return read_checkpoint(read_bounded(path, MAX_FILE, text)).checkpoint
    except CheckpointUnreadable as error:
        raise Unusable(text("witness.error.kept", path=path, rule=text.phrase(error.rule))) from None
    except OSError as error:
        raise Unusable(text("verify.error.unreadable", path=path, reason=text.reason(error))) from None


def _address(given: str, text: Text) -> str:
    try:
        parts = urlsplit(given)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.query or parts.fragment or not given.isprintable():
        raise Unusable(text("load.error.target", given=given or "''"))
    return given.rstrip("/")


def _named_caller(wish: Wish, text: Text, seed: str | None = None) -> Caller:
    """Who asks, with the secret in the file named; where the seed is known, else with the first one, which follows from it."""
    if seed is None and (wish.agency is None or wish.secret is None):
        raise Unusable(text("witness.error.caller"))
    try:
        organ = AxisSettings().organ if wish.agency is None else OrganId.parse(wish.agency)
    except InvalidOrganId as error:
        raise Unusable(text("admin.organ", given=error.value or "''", rule=text.of_world(error.rule))) from None
    if wish.secret is None:
        from scenarios.secrets import caller

        return caller(seed or "", organ)
    try:
        secret = read_bounded(wish.secret, _SECRET, text).decode("ascii").strip()
    except UnicodeDecodeError:
        secret = ""
    if not secret or not secret.isprintable():
        raise Unusable(text("witness.error.secret", path=wish.secret))
    return Caller(organ, secret)


def _validator(folder: Path) -> Validator:
    found, lists = read_trust_folder(folder), Lists()
    for one in found.crls:
        lists.add(one)
    return Validator(TrustStore(found.anchors, found.authorities, lists.source, lists.span))


def _certificate(wish: Wish, text: Text) -> bytes:
    """The axis' certificate: the file named, else the one kept beside the last checkpoint."""
    if wish.certificate is not None:
        try:
            (found,) = sort_artefacts(read_bounded(wish.certificate, _CERTIFICATE, text)).certificates
        except (FormatFailure, ValueError):
            raise Unusable(text("witness.error.certificate", path=wish.certificate)) from None
        return found
    if not wish.keep.exists():
        raise Unusable(text("witness.error.no-certificate"))
    found = read_checkpoint(read_bounded(wish.keep, MAX_FILE, text)).certificate
    try:
        certificate_facts(found)
    except FormatFailure:
        raise Unusable(text("witness.error.certificate", path=wish.keep)) from None
    return found
