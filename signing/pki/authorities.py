"""The authorities there are: three hierarchies of fixed shape, each under a root of its own.

The Government's second generation (G2) is what a world has by default. The first (G1), with SHA-1 and names without diacritics, lives
beside it as it did in 2021. The public hierarchy belongs to nobody real; it is there so that a certificate from the wrong tree is a fault
that can happen. Every name carries TEST.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import StrEnum

VN = timezone(timedelta(hours=7))


class Tree(StrEnum):
    """A hierarchy with a root of its own."""

    G2 = "g2"
    G1 = "g1"
    PUBLIC = "public"

    @property
    def government(self) -> bool:
        """Whether its root is the Government's."""
        return self is not Tree.PUBLIC


class Authority(StrEnum):
    """One authority; its value is its name in addresses."""

    ROOT = "root"
    STATE = "state"
    PARTY = "party"
    G1_ROOT = "g1-root"
    G1_STATE = "g1-state"
    G1_PARTY = "g1-party"
    PUBLIC_ROOT = "public-root"
    PUBLIC = "public"

    @property
    def tree(self) -> Tree:
        """The hierarchy it belongs to."""
        return PROFILES[self].tree

    @property
    def is_root(self) -> bool:
        """Whether it is its hierarchy's root, which certifies authorities and services only."""
        return PROFILES[self].issuer is None


@dataclass(frozen=True, slots=True)
class AuthorityProfile:
    """What an authority's certificate says: operator (O), common name, issuer (``None``: itself), and its validity where it is fixed.

    Where ``not_before`` and ``not_after`` are ``None`` they are the description's.
    """

    tree: Tree
    operator: str
    common_name: str
    issuer: Authority | None
    not_before: datetime | None = None
    not_after: datetime | None = None


_G2 = "Ban Cơ yếu Chính phủ TEST"
_G1 = "Ban Co yeu Chinh phu TEST"
_G1_SUBORDINATES_END = datetime(2030, 3, 4, tzinfo=VN)

PROFILES = {
    Authority.ROOT: AuthorityProfile(Tree.G2, _G2, "RootCA chuyên dùng Chính phủ G2 TEST", None),
    Authority.STATE: AuthorityProfile(Tree.G2, _G2, "CA phục vụ các cơ quan Nhà nước G2 TEST", Authority.ROOT),
    Authority.PARTY: AuthorityProfile(Tree.G2, _G2, "CA phục vụ các cơ quan Đảng G2 TEST", Authority.ROOT),
    Authority.G1_ROOT: AuthorityProfile(
        Tree.G1,
        _G1,
        "Co quan chung thuc so chuyen dung Chinh phu (RootCA) TEST",
        None,
        datetime(2010, 3, 10, tzinfo=VN),
        datetime(2030, 3, 5, tzinfo=VN),
    ),
    Authority.G1_STATE: AuthorityProfile(
        Tree.G1,
        _G1,
        "Co quan chung thuc so Chinh phu TEST",
        Authority.G1_ROOT,
        datetime(2010, 3, 25, tzinfo=VN),
        _G1_SUBORDINATES_END,
    ),
    Authority.G1_PARTY: AuthorityProfile(
        Tree.G1,
        _G1,
        "Co quan chung thuc so Dang Cong san TEST",
        Authority.G1_ROOT,
        datetime(2010, 11, 8, tzinfo=VN),
        _G1_SUBORDINATES_END,
    ),
    Authority.PUBLIC_ROOT: AuthorityProfile(Tree.PUBLIC, "Chứng thực công cộng hư cấu TEST", "RootCA công cộng hư cấu Sao Mai TEST", None),
    Authority.PUBLIC: AuthorityProfile(
        Tree.PUBLIC, "Chứng thực công cộng hư cấu TEST", "CA công cộng hư cấu Sao Mai TEST", Authority.PUBLIC_ROOT
    ),
}


def authorities_of(tree: Tree) -> tuple[Authority, ...]:
    """The authorities of a hierarchy, its root first."""
    return tuple(authority for authority in Authority if authority.tree is tree)
