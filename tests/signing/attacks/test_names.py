"""Names that are within a constraint and do not look it (RFC 5280 §4.2.1.10)."""

from __future__ import annotations

import ipaddress

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from signing import der
from tests.signing.rfc5280.workshop import certify, judged, revoke_list

ROOT = certify("Root", ca=True)
MAILBOX = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.9")


def verdict(constraint: x509.NameConstraints, names: tuple[x509.GeneralName, ...], subject: x509.Name | None = None) -> str:
    """The fault of a signer with these names under an authority with that constraint."""
    authority = certify("Constrained", ROOT, ca=True, extensions=((constraint, True),))
    extensions = ((x509.SubjectAlternativeName(names), False),) if names else ()
    signer = certify("Signer", authority, extensions=extensions, subject=subject)
    found = judged(signer, ROOT, (authority,), (revoke_list(ROOT), revoke_list(authority)))
    return "" if found.passed else found.checks[-1].detail


def excluded(name: x509.GeneralName) -> x509.NameConstraints:
    return x509.NameConstraints(None, [name])


def mail_in_subject(address: str) -> x509.Name:
    mail = x509.NameAttribute(NameOID.EMAIL_ADDRESS, address, _type=_ASN1Type.UTF8String)
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Signer"), mail])


@pytest.mark.parametrize(
    ("constraint", "name"),
    [
        (x509.DNSName("evil.test"), x509.DNSName("evil.test.")),
        (x509.DNSName("evil.test"), x509.DNSName("a..evil.test.")),
        (x509.RFC822Name("evil.test"), x509.RFC822Name("a@evil.test.")),
        (x509.RFC822Name("evil.test"), x509.RFC822Name('"a@good.test"@EVIL.test')),
        (x509.RFC822Name("evil.test"), x509.OtherName(MAILBOX, der.utf8("a@evil.test"))),
        (x509.RFC822Name("evil.test"), x509.OtherName(MAILBOX, der.utf8("a@ｅvil.test"))),
        (x509.RFC822Name("evil.test"), x509.OtherName(MAILBOX, der.NULL)),
        (x509.UniformResourceIdentifier("evil.test"), x509.UniformResourceIdentifier("http://evil.test./")),
        (x509.UniformResourceIdentifier("evil.test"), x509.UniformResourceIdentifier("http://evil%2etest/")),
        (x509.UniformResourceIdentifier("evil.test"), x509.UniformResourceIdentifier("http://evil.test\\@good.test/")),
        (x509.UniformResourceIdentifier("evil.test"), x509.UniformResourceIdentifier("mailto:a@evil.test")),
        (x509.IPAddress(ipaddress.ip_network("10.0.0.0/8")), x509.IPAddress(ipaddress.ip_address("::ffff:10.0.0.1"))),
    ],
)
def test_an_excluded_name_in_other_clothes(constraint: x509.GeneralName, name: x509.GeneralName) -> None:
    """A trailing dot, other letters, a mailbox as otherName (RFC 9598 §6), an address written longer: the same name, not the same text."""
    assert verdict(excluded(constraint), (name,))


@pytest.mark.parametrize("address", ["a@evil.test", "a@EVIL.TEST", "a@ｅvil.test", "a@evil.test.", "evil.test"])
def test_an_excluded_address_in_the_subject(address: str) -> None:
    """No alternative name, the address in the subject (§4.2.1.6), in fullwidth letters even."""
    assert verdict(excluded(x509.RFC822Name("evil.test")), (), mail_in_subject(address))


def test_a_subject_of_two_organisations_in_one_rdn() -> None:
    """A permitted organisation beside another in one set is not the permitted name; an empty subject is within no permitted one."""
    good = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Good")
    permitted = x509.NameConstraints([x509.DirectoryName(x509.Name([good]))], None)
    both = x509.Name([x509.RelativeDistinguishedName([good, x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Evil")])])
    assert verdict(permitted, (), both)
    assert not verdict(permitted, (), x509.Name([good, x509.NameAttribute(NameOID.COMMON_NAME, "Signer")]))


def test_honest_names_pass() -> None:
    """What the checks of form must not refuse."""
    assert not verdict(excluded(x509.RFC822Name("evil.test")), (x509.RFC822Name("Ann.O'Hara+x@mail.Good-1.test"),))
    assert not verdict(excluded(x509.DNSName("evil.test")), (x509.DNSName("*.good.test"), x509.DNSName("notevil.test")))
    permitted = x509.NameConstraints([x509.UniformResourceIdentifier(".good.test")], None)
    assert not verdict(permitted, (x509.UniformResourceIdentifier("https://a.good.test:8443/x?y=1#z"),))
