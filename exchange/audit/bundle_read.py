"""Reads an evidence bundle, which anybody may have made: its parts as a dossier, believing nothing that stands in it.

entries = open_bundle(data)      the zip, or BundleUnreadable         (exchange.audit.bundle_zip)
bundle = read_bundle(entries)    its parts as a dossier, or BundleUnreadable
report = check_bundle(bundle)    findings and verdicts                (exchange.audit.bundle_check)
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from exchange.api import Checkpoint
from exchange.audit.bundle_json import KEPT
from exchange.audit.bundle_write import FORMAT, PACKAGE
from exchange.audit.bundle_zip import MANIFEST
from exchange.audit.dossier import Dossier, Recorded, Said
from exchange.audit.entered import Entered, Proven
from exchange.audit.holdings import Found
from exchange.audit.parts import Contents, take_apart
from exchange.audit.told import HOPS
from exchange.audit.trail import Journey, Other, Step, Trail, Word
from exchange.checkpoints import read_statement
from exchange.errors import BundleUnreadable, CheckpointUnreadable, EdxmlError
from signing import Evidence, PolicyFileError, Sandbox, read_policy

TRUST = re.compile(r"trust/at-(\d{1,12})\.pem")
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----\s([A-Za-z0-9+/=\s]*?)-----END \1-----")
_YEARS, _LATEST = range(1990, 2200), 7258118399
_MAX_JSON = 32 << 20
_LATER = {"checkpoint": False, "later": True}
"""Which checkpoint a proof leads to, as the bundle names it."""
_FACTS = "ledger/facts.json"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle taken apart; nothing in it is verified."""

    entries: Mapping[str, bytes]
    dossier: Dossier


def read_bundle(entries: Mapping[str, bytes], *, confirmed: bool = False, sandbox: Sandbox | None = None) -> Bundle:
    """The dossier a bundle holds. ``confirmed``: the anchors were compared with what is known from outside.

    Raises :class:`BundleUnreadable` when a part that is needed is missing or no such thing.
    """
    reading = Reading(entries)
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
        axis[0] if axis else b"", confirmed, entries.get(KEPT, b""),
    )  # fmt: skip
    return Bundle(entries, dossier)


class Reading:
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
        found = json_of(name, self.entry(name))
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
            match = TRUST.fullmatch(name)
            if match is not None:
                moment = datetime.fromtimestamp(min(int(match[1]), _LATEST), UTC)
                found[moment] = self.pem(name, b"X509 CRL")
        return dict(sorted(found.items()))

    def found(self, receipt: Word, contents: Contents) -> Found:
        """Who and when, as the receipt says; which document, as the package does."""
        said = json_of("receipt/statement.json", receipt.statement)
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
        said = self._said(told.get("said"))
        if said is None:
            raise BundleUnreadable("verdicts/recorded.json", "does not say what was decided")
        return Recorded(self.instant(told, "at"), said, self._place("verdicts/recorded.json", told))

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
        proven = json_of(_FACTS, self.entry(_FACTS))
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


def json_of(name: str, data: bytes) -> Any:
    if len(data) > _MAX_JSON:
        raise BundleUnreadable(name, f"has more than {_MAX_JSON} bytes")
    try:
        found = json.loads(data)
        if b"\\u" in data:
            json.dumps(found, ensure_ascii=False).encode()  # half of a character, which is none
    except (ValueError, RecursionError) as error:
        raise BundleUnreadable(name, f"is no JSON ({error})") from error
    return found
