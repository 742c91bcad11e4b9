"""Name constraints (RFC 5280 §4.2.1.10): names lie within what the issuers above permit and outside what they exclude.

The state of §6.1.1 (permitted and excluded subtrees) is the list of all constraints met so far: a name must be permitted by each of them
that speaks of its kind, which is the intersection, and excluded by none, which is the union.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from signing import der
from signing.formats.elements import elements, only
from signing.validation.rfc5280.extensions import DIRECTORY, DNS, EMAIL, IP, OTHER_NAME, URI, GeneralName, Subtrees
from signing.validation.rfc5280.names import attributes, emails, prepared, within
from signing.validation.rfc5280.objects import Certificate

MAX_COMPARISONS = 100_000
"""Names times bases of one certificate; a hostile pair of certificates could ask for millions."""

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
_HOST = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*", re.IGNORECASE | re.ASCII)
"""Preferred name syntax (RFC 1034 §3.5) with the underscore found in the world, and a wildcard on the left."""
_V4_IN_V6 = bytes(10) + b"\xff\xff"
_UTF8_MAILBOX = der.oid("1.3.6.1.5.5.7.8.9")
_SUPPORTED = {EMAIL, DNS, DIRECTORY, URI, IP}
_NAMES = {0: "otherName", EMAIL: "e-mail address", DNS: "DNS name", 3: "X.400 address", DIRECTORY: "directory name", 5: "EDI party name",
          URI: "URI", IP: "IP address", 8: "registered identifier"}  # fmt: skip


def fault(certificate: Certificate, constraints: Sequence[Subtrees]) -> str:
    """Why a certificate's names break the constraints of the authorities above it; empty when they do not."""
    if not constraints:
        return ""
    names = _names(certificate)
    bases = sum(len(one.permitted) + len(one.excluded) for one in constraints)
    if len(names) * bases > MAX_COMPARISONS:
        return f"more than {MAX_COMPARISONS} comparisons of names with constraints would be needed"
    for name in names:
        for one in constraints:
            broken = _broken(name, one)
            if broken:
                return broken
    return ""


def _names(certificate: Certificate) -> list[GeneralName]:
    """Subject (unless empty), alternative names, and e-mail addresses of the subject where no alternative name is one."""
    names = [_as_mailbox(name) for name in certificate.alternative_names]
    if attributes(certificate.subject):
        names.append(GeneralName(DIRECTORY, certificate.subject))
        if not any(name.kind == EMAIL for name in names):
            names += [GeneralName(EMAIL, address.encode("utf-8", "surrogatepass")) for address in emails(certificate.subject)]
    return names


def _as_mailbox(name: GeneralName) -> GeneralName:
    """A SmtpUTF8Mailbox is an e-mail address to constraints (RFC 9598 §6); its content stays as it is where it is none."""
    if name.kind != OTHER_NAME or not name.value.startswith(_UTF8_MAILBOX):
        return name
    try:
        ((tag, explicit),) = elements(name.value[len(_UTF8_MAILBOX) :])
        return GeneralName(EMAIL, only(explicit, 0x0C) if tag == 0xA0 else name.value)
    except ValueError:
        return GeneralName(EMAIL, name.value)


def _broken(name: GeneralName, constraints: Subtrees) -> str:
    permitted = [base.value for base in constraints.permitted if base.kind == name.kind]
    excluded = [base.value for base in constraints.excluded if base.kind == name.kind]
    if not permitted and not excluded:
        return ""
    kind = _NAMES[name.kind]
    if name.kind not in _SUPPORTED:
        return f"a name constraint on a kind of name that is not handled ({kind})"
    try:
        if any(_matches(name.kind, name.value, base) for base in excluded):
            return f"its {kind} is within an excluded subtree"
        if permitted and not any(_matches(name.kind, name.value, base) for base in permitted):
            return f"its {kind} is outside the permitted subtrees"
    except ValueError as error:
        return f"its {kind} cannot be compared with a name constraint: {error}"
    return ""


def _matches(kind: int, name: bytes, base: bytes) -> bool:
    if kind == DIRECTORY:
        return within(prepared(name), prepared(base))
    if kind == IP:
        return _within_network(name, base)
    text, bound = name.decode("utf-8"), base.decode("ascii")
    if kind == DNS:
        return _within_domain(text, bound)
    return _within_mail(text, bound) if kind == EMAIL else _within_host(_host(text), bound)


def _within_network(address: bytes, base: bytes) -> bool:
    if len(base) not in (8, 32) or len(address) not in (4, 16):
        raise ValueError("an address has 4 or 16 octets, a network twice as many")
    if len(address) == 16 and address.startswith(_V4_IN_V6) and len(base) == 8:
        address = address[len(_V4_IN_V6) :]  # the same address, written longer (RFC 4291 §2.5.5.2)
    half = len(base) // 2
    if len(address) != half:
        return False
    return all(octet & mask == network & mask for octet, network, mask in zip(address, base[:half], base[half:], strict=True))


def _within_domain(name: str, base: str) -> bool:
    """DNS: the base itself, and the base with labels added on the left; an empty base holds every name."""
    name, base = _checked(name), base.lower()
    if base.startswith("."):
        raise ValueError("a DNS constraint does not begin with a dot")
    return not base or name == base or name.endswith(f".{base}")


def _checked(host: str) -> str:
    """A host name in lower case. One with a dot at its end, or in other letters, would be the same host and not the same text."""
    if not _HOST.fullmatch(host):
        raise ValueError("a host is labels of letters, digits and hyphens")
    return host.lower()


def _within_host(host: str, base: str) -> bool:
    """URI and e-mail: ``.domain`` holds hosts below the domain, ``host`` that host alone."""
    host, base = _checked(host), base.lower()
    return host.endswith(base) and len(host) > len(base) if base.startswith(".") else host == base


def _within_mail(address: str, base: str) -> bool:
    local, at, host = address.rpartition("@")
    if not at or not local or not host:
        raise ValueError("an address is a mailbox and a host")
    if "@" in base:
        bound_local, _, bound_host = base.rpartition("@")
        return local == bound_local and _checked(host) == bound_host.lower()
    return _within_host(host, base)


def _host(uri: str) -> str:
    """The host of a URI; one without a host name cannot be compared and is refused (RFC 5280 §4.2.1.10)."""
    if "\\" in uri or not uri.isprintable() or " " in uri:
        raise ValueError("the URI holds what readers of URIs take differently")
    host = urlsplit(uri).hostname
    if not host or ":" in host or host.replace(".", "").isdigit():
        raise ValueError("the URI names no host by a domain name")
    return host
