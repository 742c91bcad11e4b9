"""The extensions that path validation and revocation act on, decoded (RFC 5280 §4.2, §5.2); whatever is malformed raises ValueError."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

from cryptography.hazmat import asn1

from signing import der
from signing.formats.elements import bits, elements, identifier, integer, only
from signing.validation.rfc5280.names import prepared

OTHER_NAME, EMAIL, DNS, X400, DIRECTORY, EDI, URI, IP, REGISTERED = range(9)
"""Tag numbers of GeneralName (RFC 5280 §4.2.1.6)."""

MAX_ITEMS = 1024
"""Policies, names, subtrees or distribution points in one extension."""

ALL_REASONS = frozenset(range(1, 9))
"""Bits of ReasonFlags but ``unused`` (RFC 5280 §4.2.1.13)."""


_kept = lru_cache(maxsize=512)
"""Certificates of one authority carry the same values."""


@dataclass(frozen=True, slots=True)
class GeneralName:
    """One name: its kind (tag number) and content; the content of a directory name is its DER Name."""

    kind: int
    value: bytes


@dataclass(frozen=True, slots=True)
class DistributionPoint:
    """One point of CRLDistributionPoints or FreshestCRL: full names (a relative name put behind its issuer's), reasons, CRL issuers."""

    names: tuple[GeneralName, ...] | None
    relative: bytes | None
    """Content of nameRelativeToCRLIssuer: attributes of the last RDN."""
    reasons: frozenset[int]
    issuers: tuple[bytes, ...]
    """DER directory names of cRLIssuer; empty when the certificate's issuer issues the list."""


@dataclass(frozen=True, slots=True)
class IssuingPoint:
    """IssuingDistributionPoint of a list (RFC 5280 §5.2.5)."""

    names: tuple[GeneralName, ...] | None = None
    relative: bytes | None = None
    user_only: bool = False
    ca_only: bool = False
    reasons: frozenset[int] = ALL_REASONS
    indirect: bool = False
    attribute_only: bool = False


@dataclass(frozen=True, slots=True)
class Subtrees:
    """NameConstraints: permitted and excluded bases, ``None`` where the field is absent."""

    permitted: tuple[GeneralName, ...]
    excluded: tuple[GeneralName, ...]


@asn1.sequence
class _BasicConstraints:
    authority: Annotated[bool, asn1.Default(False)]
    path_length: int | None


@asn1.sequence
class _PolicyConstraints:
    explicit: Annotated[int | None, asn1.Implicit(0)]
    mapping: Annotated[int | None, asn1.Implicit(1)]


@_kept
def basic_constraints(value: bytes) -> tuple[bool, int | None]:
    """(whether an authority, path length or ``None``)."""
    read = asn1.decode_der(_BasicConstraints, value)
    if read.path_length is not None and read.path_length < 0:
        raise ValueError("a path length is not negative")
    return read.authority, read.path_length


@_kept
def key_usage(value: bytes) -> frozenset[int]:
    """The positions set."""
    return bits(only(value, 0x03))


@_kept
def identifiers(value: bytes) -> tuple[str, ...]:
    """A SEQUENCE OF OBJECT IDENTIFIER: extended key usages."""
    return tuple(identifier(content) for content in _each(value, 0x06))


@_kept
def policies(value: bytes) -> tuple[str, ...]:
    """The policy identifiers; one twice is malformed (RFC 5280 §4.2.1.4). Qualifiers are for people and not read."""
    found = []
    for content in _each(value, der.SEQUENCE):
        parts = elements(content)
        if not 1 <= len(parts) <= 2 or parts[0][0] != 0x06:
            raise ValueError("a policy is an identifier and its qualifiers")
        found.append(identifier(parts[0][1]))
    if len(set(found)) != len(found):
        raise ValueError("a policy must not be named twice")
    return tuple(found)


@_kept
def policy_mappings(value: bytes) -> tuple[tuple[str, str], ...]:
    """Pairs (issuer's policy, subject's policy)."""
    pairs = []
    for content in _each(value, der.SEQUENCE):
        parts = elements(content)
        if [tag for tag, _ in parts] != [0x06, 0x06]:
            raise ValueError("a policy mapping is a pair of identifiers")
        pairs.append((identifier(parts[0][1]), identifier(parts[1][1])))
    return tuple(pairs)


@_kept
def policy_constraints(value: bytes) -> tuple[int | None, int | None]:
    """(requireExplicitPolicy, inhibitPolicyMapping)."""
    read = asn1.decode_der(_PolicyConstraints, value)
    if any(skip is not None and skip < 0 for skip in (read.explicit, read.mapping)):
        raise ValueError("a number of certificates is not negative")
    return read.explicit, read.mapping


def inhibit_any_policy(value: bytes) -> int:
    """The number of certificates that may follow before anyPolicy counts for nothing."""
    skip = integer(only(value, 0x02))
    if skip < 0:
        raise ValueError("a number of certificates is not negative")
    return skip


def general_names(value: bytes) -> tuple[GeneralName, ...]:
    """GeneralNames; none at all is found in the world and does no harm, though §4.2.1.6 asks for one."""
    content = only(value, der.SEQUENCE)
    return _general_names(content) if content else ()


@_kept
def name_constraints(value: bytes) -> Subtrees:
    """NameConstraints; minimum must be 0 and maximum absent (RFC 5280 §4.2.1.10)."""
    fields = _fields(only(value, der.SEQUENCE), (0xA0, 0xA1))
    if not fields:
        raise ValueError("name constraints permit or exclude something")
    return Subtrees(_bases(fields.get(0xA0)), _bases(fields.get(0xA1)))


@_kept
def authority_key(value: bytes) -> bytes | None:
    """The keyIdentifier of AuthorityKeyIdentifier, ``None`` where it names the issuer otherwise."""
    return _fields(only(value, der.SEQUENCE), (0x80, 0xA1, 0x82)).get(0x80)


def subject_key(value: bytes) -> bytes:
    """The key identifier."""
    return only(value, 0x04)


@_kept
def distribution_points(value: bytes) -> tuple[DistributionPoint, ...]:
    """CRLDistributionPoints and FreshestCRL."""
    return tuple(_distribution_point(content) for content in _each(value, der.SEQUENCE))


@_kept
def issuing_point(value: bytes) -> IssuingPoint:
    """IssuingDistributionPoint; at most one of the three only-fields may be true."""
    fields = _fields(only(value, der.SEQUENCE), (0xA0, 0x81, 0x82, 0x83, 0x84, 0x85))
    names, relative = _point_name(fields.get(0xA0))
    user, authority, indirect, attribute = (_flag(fields.get(tag)) for tag in (0x81, 0x82, 0x84, 0x85))
    if user + authority + attribute > 1:
        raise ValueError("a list is for one kind of certificates only, or for all")
    return IssuingPoint(names, relative, user, authority, _reasons(fields.get(0x83)), indirect, attribute)


def enumerated(value: bytes) -> int:
    """The value of an ENUMERATED of one octet."""
    content = only(value, 0x0A)
    if len(content) != 1:
        raise ValueError("a reason is one octet")
    return content[0]


def generalized_time(value: bytes) -> int:
    """Epoch seconds of a GeneralizedTime as RFC 5280 §4.1.2.5.2 writes it: UTC, whole seconds."""
    return epoch_of(only(value, 0x18))


def epoch_of(content: bytes) -> int:
    """Epoch seconds of a GeneralizedTime's content."""
    if len(content) != 15 or not content[:14].isdigit() or content[14:] != b"Z":
        raise ValueError("a GeneralizedTime is YYYYMMDDHHMMSSZ")
    return int(datetime.strptime(content[:14].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp())


def _each(value: bytes, tag: int) -> list[bytes]:
    """The contents of a SEQUENCE OF elements of one tag: at least one, not more than is bearable."""
    found = elements(only(value, der.SEQUENCE))
    if not 1 <= len(found) <= MAX_ITEMS or any(one != tag for one, _ in found):
        raise ValueError(f"1 to {MAX_ITEMS} elements with tag {tag:#04x} are expected")
    return [content for _, content in found]


def _fields(content: bytes, tags: Sequence[int]) -> dict[int, bytes]:
    """Optional fields of a SEQUENCE by tag, each at most once and in the order of ``tags``."""
    found = elements(content)
    order = [tags.index(tag) for tag, _ in found]
    if order != sorted(set(order)):
        raise ValueError("fields come once and in their order")
    return dict(found)


def _general_names(content: bytes) -> tuple[GeneralName, ...]:
    found = elements(content)
    if not 1 <= len(found) <= MAX_ITEMS:
        raise ValueError(f"1 to {MAX_ITEMS} names are expected")
    return tuple(_general_name(tag, value) for tag, value in found)


def _general_name(tag: int, content: bytes) -> GeneralName:
    kind = tag & 0x1F
    constructed = kind in (OTHER_NAME, X400, DIRECTORY, EDI)
    if kind > REGISTERED or tag != (0xA0 if constructed else 0x80) | kind:
        raise ValueError("a general name has one of nine tags")
    if kind == DIRECTORY:
        prepared(content)
    if kind in (EMAIL, DNS, URI):
        content.decode("ascii")
    return GeneralName(kind, content)


def _bases(content: bytes | None) -> tuple[GeneralName, ...]:
    if content is None:
        return ()
    subtrees = elements(content)
    if not 1 <= len(subtrees) <= MAX_ITEMS or any(tag != der.SEQUENCE for tag, _ in subtrees):
        raise ValueError(f"1 to {MAX_ITEMS} subtrees are expected")
    found = []
    for _, subtree in subtrees:
        parts = elements(subtree)
        if len(parts) != 1:
            raise ValueError("a subtree has a base, no minimum but 0 and no maximum")
        found.append(_general_name(*parts[0]))
    return tuple(found)


def _distribution_point(content: bytes) -> DistributionPoint:
    fields = _fields(content, (0xA0, 0x81, 0xA2))
    if 0xA0 not in fields and 0xA2 not in fields:
        raise ValueError("a distribution point has a name or an issuer")
    names, relative = _point_name(fields.get(0xA0))
    issuers = _general_names(fields[0xA2]) if 0xA2 in fields else ()
    return DistributionPoint(names, relative, _reasons(fields.get(0x81)), tuple(name.value for name in issuers if name.kind == DIRECTORY))


def _point_name(content: bytes | None) -> tuple[tuple[GeneralName, ...] | None, bytes | None]:
    if content is None:
        return None, None
    ((tag, value),) = elements(content)
    if tag == 0xA0:
        return _general_names(value), None
    if tag != 0xA1 or not value:
        raise ValueError("a distribution point name is a full name or one relative to the issuer's")
    return None, value


def _reasons(content: bytes | None) -> frozenset[int]:
    return ALL_REASONS if content is None else bits(content) & ALL_REASONS


def _flag(content: bytes | None) -> bool:
    if content not in (None, b"\xff"):
        raise ValueError("a flag is TRUE or absent")
    return content is not None
