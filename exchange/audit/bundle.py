"""Reads an evidence bundle, which anybody may have made: bounded and strict about the zip, and believing nothing that stands in it.

    entries = open_bundle(data)      the zip, or BundleUnreadable
    bundle = read_bundle(entries)    its parts as a dossier, or BundleUnreadable
    report = check_bundle(bundle)    every file held against the package, the ledger and the signatures; findings and verdicts

As an archive, a bundle cannot vouch for itself: whether its anchors are the right ones must be known from outside.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from exchange.api import Checkpoint
from exchange.audit.answers import Answers, answers_of
from exchange.audit.bundle_json import as_json, hops_of, instant_text, recorded_of
from exchange.audit.bundle_write import CHECK, FORMAT, PACKAGE, bundle_entries, script
from exchange.audit.bundle_zip import MANIFEST
from exchange.audit.dossier import Dossier, Recorded, Said
from exchange.audit.entered import Entered, Proven
from exchange.audit.findings import Finding, Place
from exchange.audit.holdings import Found
from exchange.audit.parts import Contents, take_apart
from exchange.audit.readme import LANGUAGES, readme
from exchange.audit.told import HOPS, VERDICT, contradictions, unproven
from exchange.audit.trail import Journey, Other, Step, Trail, Word
from exchange.checkpoints import read_statement
from exchange.errors import BundleUnreadable, CheckpointUnreadable, EdxmlError
from signing import Evidence, PolicyFileError, Sandbox, read_policy

_TRUST = re.compile(r"trust/at-(\d{1,12})\.pem")
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----\s([A-Za-z0-9+/=\s]*?)-----END \1-----")
_YEARS, _LATEST = range(1990, 2200), 7258118399
_MAX_JSON = 32 << 20
_LATER = {"checkpoint": False, "later": True}
"""Which checkpoint a proof leads to, as the bundle names it."""
_FACTS = "ledger/facts.json"
_MADE = "written by the same program from the same evidence"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle taken apart; nothing in it is verified."""

    entries: Mapping[str, bytes]
    dossier: Dossier


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


def read_bundle(entries: Mapping[str, bytes], *, confirmed: bool = False, sandbox: Sandbox | None = None) -> Bundle:
    """The dossier a bundle holds. ``confirmed``: the anchors were compared with what is known from outside.

    Raises :class:`BundleUnreadable` when a part that is needed is missing or no such thing.
    """
    reading = _Reading(entries)
    manifest = reading.json(MANIFEST)
    if manifest.get("format") != FORMAT:
        raise BundleUnreadable(MANIFEST, f"does not say {FORMAT}")
    package = reading.entry(PACKAGE)
    try:
        contents = take_apart(package, sandbox)
        policy = read_policy("policy.toml", reading.entry("policy.toml"))
    except EdxmlError as error:
        raise BundleUnreadable(PACKAGE, f"cannot be read: {error}") from error
    except PolicyFileError as error:
        raise BundleUnreadable("policy.toml", str(error)) from error
    told = reading.json("verdicts/recomputed.json")
    receipt = reading.word("receipt")
    lists = reading.lists()
    evidence = Evidence(
        anchors=reading.pem("certificates/anchors.pem", b"CERTIFICATE"),
        certificates=reading.pem("certificates/authorities.pem", b"CERTIFICATE"),
        crls=tuple(dict.fromkeys(one for ones in lists.values() for one in ones)),
    )
    axis = reading.pem("certificates/axis.pem", b"CERTIFICATE") if "certificates/axis.pem" in entries else ()
    dossier = Dossier(
        reading.found(receipt, contents), package, contents, receipt, reading.trail(), reading.entered(), reading.recorded(),
        reading.instant(told, "at"), policy, evidence, lists, entries.get("trust/register.json", b""), entries.get("trust/terms.json", b""),
        axis[0] if axis else b"", confirmed,
    )  # fmt: skip
    return Bundle(entries, dossier)


class _Reading:
    """Parts of a bundle by name; whatever is wrong with one names it."""

    def __init__(self, entries: Mapping[str, bytes]) -> None:
        self.entries = entries

    def entry(self, name: str) -> bytes:
        """An entry that must be there."""
        try:
            return self.entries[name]
        except KeyError:
            raise BundleUnreadable(name, "is missing") from None

    def json(self, name: str) -> Any:
        """A JSON object."""
        found = _json_of(name, self.entry(name))
        if not isinstance(found, dict):
            raise BundleUnreadable(name, "is no JSON object")
        return found

    def word(self, folder: str, statement: str = "statement.json", signature: str = "signature.p7s") -> Word:
        """A statement with its signature."""
        return Word(self.entry(f"{folder}/{statement}"), self.entry(f"{folder}/{signature}"))

    def instant(self, fields: Mapping[str, Any], name: str) -> datetime:
        """An instant with an offset."""
        try:
            found = datetime.fromisoformat(fields[name])
        except (KeyError, TypeError, ValueError):
            found = None
        if found is None or found.tzinfo is None or found.year not in _YEARS:
            raise BundleUnreadable("verdicts or receipt", f"has no instant {name}")
        return found

    def pem(self, name: str, label: bytes) -> tuple[bytes, ...]:
        """The DER of every block of a kind."""
        try:
            return tuple(dict.fromkeys(b64decode(body) for kind, body in _PEM.findall(self.entry(name)) if kind == label))
        except ValueError as error:
            raise BundleUnreadable(name, "holds no base64") from error

    def lists(self) -> dict[datetime, tuple[bytes, ...]]:
        """Revocation lists by the instant for which they were gathered."""
        found: dict[datetime, tuple[bytes, ...]] = {}
        for name in self.entries:
            match = _TRUST.fullmatch(name)
            if match is not None:
                moment = datetime.fromtimestamp(min(int(match[1]), _LATEST), UTC)
                found[moment] = self.pem(name, b"X509 CRL")
        return dict(sorted(found.items()))

    def found(self, receipt: Word, contents: Contents) -> Found:
        """Who and when, as the receipt says; which document, as the package does."""
        said = _json_of("receipt/statement.json", receipt.statement)
        names = {name: said.get(name) if isinstance(said, dict) else None for name in ("package_id", "sender", "kind", "admitted_at")}
        if not all(isinstance(value, str) for value in names.values()):
            raise BundleUnreadable("receipt/statement.json", "is no receipt of the axis")
        at = self.instant(names, "admitted_at")
        number, notation, name = contents.document
        return Found(0, str(names["package_id"]), str(names["sender"]), str(names["kind"]), at, number, notation, at.year, name)

    def recorded(self) -> Recorded | None:
        """What the archive said the axis had decided."""
        told = self.json("verdicts/recorded.json")
        if told.get("judged") is not True:
            return None
        said, again = self._said(told.get("said")), self._said(self.json("verdicts/recomputed.json").get("axis"))
        if said is None:
            raise BundleUnreadable("verdicts/recorded.json", "does not say what was decided")
        return Recorded(self.instant(told, "at"), said, again, self._place("verdicts/recorded.json", told))

    @staticmethod
    def _said(value: Any) -> Said | None:
        if not isinstance(value, dict) or not isinstance(value.get("accepted"), bool):
            return None
        return Said(value["accepted"], *(str(value.get(name, "")) for name in ("rule", "sub_indication", "detail")))

    def entered(self) -> Entered | None:
        """The place in the ledger."""
        if "ledger/leaf.json" not in self.entries:
            return None
        checkpoint = self._checkpoint("checkpoint")
        later = self._checkpoint("later") if "ledger/later.json" in self.entries else None
        proof = self.json("ledger/inclusion.json")
        path: tuple[bytes, ...] = ()
        if later is not None:
            path = self._hashes("ledger/consistency.json", self.json("ledger/consistency.json").get("proof"))
        proven = _json_of(_FACTS, self.entry(_FACTS))
        if not isinstance(proven, list) or not isinstance(proof.get("index"), int):
            raise BundleUnreadable("ledger/", "holds no proof of inclusion")
        return Entered(
            proof["index"], self.entry("ledger/leaf.json"), self.entry("ledger/payload.json"), checkpoint,
            self._hashes("ledger/inclusion.json", proof.get("proof")), later, path, tuple(map(self._proven, proven)),
        )  # fmt: skip

    def _proven(self, value: Any) -> Proven:
        try:
            kind, index = value["kind"], value["index"]
            leaf, payload, later = value["leaf"].encode(), value["payload"].encode(), _LATER[value["checkpoint"]]
            proof = self._hashes(_FACTS, value["proof"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BundleUnreadable(_FACTS, "is no list of proofs") from error
        if type(index) is not int or not isinstance(kind, str):
            raise BundleUnreadable(_FACTS, "has an index that is no number, or a kind that is no text")
        return Proven(kind, index, leaf, payload, later, proof)

    def trail(self) -> Trail:
        """The way to each recipient, and what moved the document."""
        told = self.json(HOPS)
        journeys, others, omitted = told.get("deliveries"), told.get("others"), told.get("omitted")
        if not isinstance(journeys, list) or not isinstance(others, list) or type(omitted) is not int:
            raise BundleUnreadable(HOPS, "does not list deliveries and other packages")
        return Trail(tuple(map(self._journey, journeys)), tuple(map(self._other, others)), omitted)

    def _journey(self, told: Any) -> Journey:
        names = ("founder", "recipient", "organ")
        route, steps = self._member(HOPS, told, "route"), self._member(HOPS, told, "steps")
        if not isinstance(route, list) or not isinstance(steps, list):
            raise BundleUnreadable(HOPS, "has a delivery without road or steps")
        founder, recipient, organ = (self._text(HOPS, told, name) for name in names)
        return Journey(
            founder, recipient, organ, ">".join(map(str, route)), self._maybe(told, "available_at"), self._text(HOPS, told, "transport"),
            self._maybe(told, "transport_at"), tuple(map(self._step, steps)),
        )  # fmt: skip

    def _step(self, told: Any) -> Step:
        state, cause, reason = (self._text(HOPS, told, name) for name in ("state", "cause", "reason"))
        return Step(self.instant(told, "at"), state, cause, reason, self._place(HOPS, told))

    def _other(self, told: Any) -> Other:
        folder, package_id, kind, sender = (self._text(HOPS, told, name) for name in ("folder", "package_id", "kind", "sender"))
        data = self.entries.get(f"{folder}/package.edxml", b"")
        word = self.word(folder) if f"{folder}/statement.json" in self.entries else None
        return Other(package_id, kind, sender, self.instant(told, "admitted_at"), data, word, self._place(HOPS, told))

    def _maybe(self, told: Any, name: str) -> datetime | None:
        return None if self._member(HOPS, told, name) is None else self.instant(told, name)

    def _place(self, name: str, told: Any) -> int | None:
        """Where in the ledger something told is said to stand."""
        entry = self._member(name, told, "entry")
        if entry is not None and type(entry) is not int:
            raise BundleUnreadable(name, "has an entry that is no number")
        return entry

    def _text(self, name: str, told: Any, member: str) -> str:
        found = self._member(name, told, member)
        if not isinstance(found, str):
            raise BundleUnreadable(name, f"has a {member} that is no text")
        return found

    @staticmethod
    def _member(name: str, told: Any, member: str) -> Any:
        if not isinstance(told, dict) or member not in told:
            raise BundleUnreadable(name, f"does not say {member}")
        return told[member]

    def _checkpoint(self, name: str) -> Checkpoint:
        word = self.word("ledger", f"{name}.json", f"{name}.p7s")
        try:
            return read_statement(word.statement, word.signature)
        except CheckpointUnreadable as error:
            raise BundleUnreadable(f"ledger/{name}.json", error.rule) from error

    @staticmethod
    def _hashes(name: str, value: Any) -> tuple[bytes, ...]:
        try:
            return tuple(bytes.fromhex(one) for one in value)
        except (TypeError, ValueError) as error:
            raise BundleUnreadable(name, "holds no path of hashes") from error


def _json_of(name: str, data: bytes) -> Any:
    if len(data) > _MAX_JSON:
        raise BundleUnreadable(name, f"has more than {_MAX_JSON} bytes")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BundleUnreadable(name, f"is no JSON ({error})") from error


def check_bundle(bundle: Bundle) -> BundleReport:
    """Judge everything anew and hold every file against that; never raises for what the bundle holds.

    (1) the manifest names every file by its SHA-256
    (2) what was taken out of the package is what stands in the package: attachments, signatures, the bytes signed
    (3) the answers written down are the ones we give now
    (4) what is told of the document's way, of the verdict and of the terms is what the ledger has
    (5) the roots that OpenSSL is given are those of the bundle
    """
    dossier, entries = bundle.dossier, bundle.entries
    answers = answers_of(dossier)
    findings = [*_manifest(entries), *_derived(dossier, answers, entries), *_answers(answers, entries), *_roots(dossier, entries)]
    findings += [_finding(one.file, "told-otherwise", one.detail) for one in contradictions(dossier)]
    anchors = tuple(sha256(one).digest() for one in dossier.evidence.anchors)
    return BundleReport(tuple(findings), answers, anchors, tuple(unproven(dossier)), tuple(_strange(dossier, answers, entries)))


def _roots(dossier: Dossier, entries: Mapping[str, bytes]) -> Iterable[Finding]:
    for name in entries:
        if _TRUST.fullmatch(name) and set(_Reading(entries).pem(name, b"CERTIFICATE")) != set(dossier.evidence.anchors):
            yield _finding(name, "roots-differ", "it brings other roots than certificates/anchors.pem")


def _strange(dossier: Dossier, answers: Answers, entries: Mapping[str, bytes]) -> Iterable[str]:
    """Texts with commands, and the script: whoever follows them believes whoever wrote them."""
    for language, suffix in LANGUAGES.items():
        name = f"README{suffix}.md"
        ours = (readme(language, replace(dossier, confirmed=confirmed), answers).encode() for confirmed in (True, False))
        if name in entries and entries[name] not in ours:
            yield name
    if entries.get(CHECK) != script():
        yield CHECK


def _manifest(entries: Mapping[str, bytes]) -> Iterable[Finding]:
    listed = _json_of(MANIFEST, entries[MANIFEST]).get("files")
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
    kept = ("attachments/", "signatures/", "timestamps/")
    for name in sorted(entries):
        if name.startswith(kept) and name not in again:
            yield _finding(name, "file-extra", "the package has nothing of this kind")


def _answers(answers: Answers, entries: Mapping[str, bytes]) -> Iterable[Finding]:
    name = "verdicts/recomputed.json"
    told = _json_of(name, entries[name])
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
