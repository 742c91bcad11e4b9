"""What a PKI is made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from signing.errors import InvalidHolder, KeyUnusable
from signing.keys import SigningKey
from signing.pki.authorities import PROFILES, VN, Authority, Tree
from signing.pki.profiles import KeyKind


@dataclass(frozen=True, slots=True)
class PkiSpec:
    """What a PKI is made from.

    Keys and serials derive from ``seed``. CRLs appear every ``crl_interval`` counted from 00:00 (+07:00) of their root's first day and are
    good for ``crl_validity``. ``revoked_authorities`` pairs an authority with the instant its root revoked it. ``key_cache`` is where RSA
    keys are kept, needed only when one is asked for, unless ``derived_rsa`` says that they derive from the seed as well (half a second
    each; 2048 bits only). ``trees`` are the hierarchies there are; G2 always is.

    A new time-stamping unit starts every ``stamper_interval_years``, each certified for ``stamper_years``; at every instant of
    ``compromised_stampers`` the unit then in use is revoked and the next one starts. OCSP responders are renewed every
    ``responder_interval``, with ``responder_overlap`` to spare; what they say is good for ``ocsp_validity``.
    """

    seed: str
    not_before: datetime = datetime(2018, 8, 22, tzinfo=VN)
    not_after: datetime = datetime(2048, 8, 14, tzinfo=VN)
    authority_years: int = 20
    crl_interval: timedelta = timedelta(days=1)
    crl_validity: timedelta = timedelta(days=7)
    authority_key: KeyKind = KeyKind.P256
    revoked_authorities: tuple[tuple[Authority, datetime], ...] = ()
    key_cache: Path | None = None
    trees: tuple[Tree, ...] = (Tree.G2,)
    stamper_years: int = 5
    stamper_interval_years: int = 3
    compromised_stampers: tuple[datetime, ...] = ()
    responder_interval: timedelta = timedelta(days=30)
    responder_overlap: timedelta = timedelta(days=7)
    ocsp_validity: timedelta = timedelta(hours=1)
    derived_rsa: bool = False

    def check(self) -> None:
        """Raise :class:`InvalidHolder` for a description no PKI can follow."""
        root = PROFILES[Authority.ROOT].common_name
        intervals = (self.crl_interval, self.responder_interval, self.responder_overlap, self.ocsp_validity)
        if self.not_before.tzinfo is None or self.not_before >= self.not_after or min(intervals) <= timedelta(0):
            raise InvalidHolder(root, "validity and CRL interval must run forward, instants timezone-aware")
        if Tree.G2 not in self.trees:
            raise InvalidHolder(root, "must be among the hierarchies of a PKI: its time-stamps come from there")
        if not 0 < self.stamper_interval_years <= self.stamper_years:
            raise InvalidHolder(root, "time-stamping units must follow each other without a gap")
        if any(at.tzinfo is None or not self.not_before < at < self.not_after for at in self.compromised_stampers):
            raise InvalidHolder(root, "a time-stamping unit is compromised at a timezone-aware instant within the root's validity")
        if any(id.tree not in self.trees or id.is_root for id, _ in self.revoked_authorities):
            raise InvalidHolder(root, "only subordinates of the PKI's own hierarchies can be revoked")

    def make_key(self, kind: KeyKind, subject: str) -> SigningKey:
        """The key of ``subject``: derived (P-256, or RSA where asked for), or from the disk cache (RSA)."""
        if kind is KeyKind.P256:
            return SigningKey.derive_p256(self.seed, subject)
        if self.derived_rsa:
            return SigningKey.derive_rsa(int(kind.removeprefix("RSA-")), self.seed, subject)
        if self.key_cache is None:
            raise KeyUnusable(subject, "an RSA key needs a key_cache directory to be kept in")
        return SigningKey.rsa(int(kind.removeprefix("RSA-")), self.key_cache, self.seed, subject)

    def validity(self, id: Authority) -> tuple[datetime, datetime]:
        """From when until when an authority is certified."""
        profile = PROFILES[id]
        not_before, not_after = profile.not_before or self.not_before, profile.not_after or self.not_after
        if profile.not_after is None and profile.issuer is not None:
            not_after = min(not_after, years_after(not_before, self.authority_years))
        return not_before, not_after

    def authority_key_kind(self, id: Authority) -> KeyKind:
        """The key an authority has: the first generation's are all RSA-2048."""
        return KeyKind.RSA2048 if id.tree is Tree.G1 else self.authority_key

    def responder_key_kind(self, id: Authority) -> KeyKind:
        """The key an authority's responders have: of its family, and no longer than a month's work needs."""
        return KeyKind.P256 if self.authority_key_kind(id) is KeyKind.P256 else KeyKind.RSA2048


def years_after(moment: datetime, years: int) -> datetime:
    """The same day and time some years later; 29 February becomes 28."""
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:
        return moment.replace(year=moment.year + years, day=28)
