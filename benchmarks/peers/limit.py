"""What no implementation of a signed document and its signed receipt can do without."""

from __future__ import annotations

from benchmarks.measure import Contender, interleave, repeated
from benchmarks.subjects import holder, raw_sign, raw_verify
from signing import CadesSigner, HolderKind, KeyKind, Purpose, parse_cms


def raw_rate(slice_seconds: float) -> float:
    """Documents a second that two raw RSA-2048 signatures and three verifications allow."""
    who = holder(HolderKind.ORGANISATION, KeyKind.RSA2048)
    message = parse_cms(CadesSigner(who, purpose=Purpose.ANNEX).sign(bytes(32)))
    sign = Contender("sign", repeated(lambda: who.key.sign(message.signed_attributes, Purpose.ANNEX)))
    verify = Contender("verify", repeated(raw_verify(who, message, bytes(10_240))))
    rates = interleave([sign, verify], slice_seconds)
    return 1 / (2 / rates["sign"].median + 3 / rates["verify"].median)


def receipt_rate(slice_seconds: float) -> float:
    """Documents a second that one raw P-256 signature and one RSA-2048 verification allow."""
    who = holder(HolderKind.ORGANISATION, KeyKind.RSA2048)
    message = parse_cms(CadesSigner(who, purpose=Purpose.ANNEX).sign(bytes(32)))
    sign = Contender("sign", repeated(raw_sign(message.signed_attributes)))
    verify = Contender("verify", repeated(raw_verify(who, message, bytes(10_240))))
    rates = interleave([sign, verify], slice_seconds)
    return 1 / (1 / rates["sign"].median + 1 / rates["verify"].median)
