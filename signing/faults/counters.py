"""Counter-signatures: somebody confirms a signature by one over its value (RFC 5652 §11.4), or seems to."""

from __future__ import annotations

from collections.abc import Callable

from signing import oids
from signing.faults.crooked import attribute, chain_of, digest_attribute, good_attributes, signed_data, signer_info
from signing.faults.model import Case, Expected, Fault, Finder, Form, Group, Peers
from signing.faults.workshop import Workshop
from signing.formats.cms import parse_cms, signing_certificate_attribute

_ANOTHER = b"an older document"


def _countersigned(over: bytes | None) -> Callable[[str], Case]:
    """A good signature with a second person's counter-signature, over its value or that of the signer's signature over other content."""

    def build(seed: str) -> Case:
        shop = Workshop.open(seed)
        second = shop.person(name="Trần Thị Bưởi", email="buoitt@hoabinh.test")
        good = good_attributes(shop.signer)
        value = parse_cms(signed_data([signer_info(shop.signer, good)], sorted(chain_of(shop.signer)))).signature
        confirmed = value if over is None else parse_cms(shop.signed(content=over)).signature
        told = sorted([digest_attribute(confirmed), signing_certificate_attribute(second.certificate_der)], key=lambda one: (len(one), one))
        counter = attribute(oids.COUNTER_SIGNATURE, signer_info(second, told))
        data = signed_data(
            [signer_info(shop.signer, good, signature=value, unsigned=[counter])], {*chain_of(shop.signer), second.certificate_der}
        )  # fmt: skip
        return shop.case(data)

    return build


def _fault(name: str, over: bytes | None, group: Group, expected: Expected) -> Fault:
    return Fault(name, group, Form.CMS, (Finder.AUDITOR,), expected, _countersigned(over), Peers((True,), (True,)))


FAULTS = (
    _fault("counter-signed", None, Group.SOUND, Expected((None,))),
    _fault("counter-signature-moved", _ANOTHER, Group.FORMAT, Expected((None,), "message-digest", "RFC 5652 §5.4")),
)
"""The signature that is confirmed is good in both; a counter-signature changes nothing about it."""
