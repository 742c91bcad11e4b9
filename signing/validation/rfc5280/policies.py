"""The valid policy graph of a path (RFC 9618 §5, which replaces the policy tree of RFC 5280 §6.1 by a graph that cannot explode).

A level is a mapping from a policy to its node; a node keeps which policies of the level above are its parents and which policies of the
next certificate it expects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from signing.oids import ANY_POLICY

ANY = frozenset({ANY_POLICY})


@dataclass(slots=True)
class _Node:
    expected: set[str]
    parents: set[str]


class PolicyGraph:
    """The state ``valid_policy_graph`` while a path is walked from the anchor down; ``empty`` is its NULL."""

    def __init__(self) -> None:
        self._levels: list[dict[str, _Node]] = [{ANY_POLICY: _Node({ANY_POLICY}, set())}]

    @property
    def empty(self) -> bool:
        """Whether no policy is valid for the path so far."""
        return not self._levels

    def clear(self) -> None:
        """A certificate without policies (§6.1.3 (e))."""
        self._levels = []

    def add(self, policies: Sequence[str], *, any_counts: bool) -> None:
        """The policies of the next certificate (§6.1.3 (d)); ``any_counts``: whether its anyPolicy stands for every policy."""
        if self.empty:
            return
        above = self._levels[-1]
        expecting: dict[str, set[str]] = {}
        for policy, node in above.items():
            for expected in node.expected:
                expecting.setdefault(expected, set()).add(policy)
        level: dict[str, _Node] = {}
        for policy in policies:
            if policy == ANY_POLICY:
                continue
            parents = expecting.get(policy) or ({ANY_POLICY} if ANY_POLICY in above else set())
            if parents:
                level[policy] = _Node({policy}, set(parents))
        if any_counts and ANY_POLICY in policies:
            for policy, parents in expecting.items():
                if policy not in level:
                    level[policy] = _Node({policy}, set(parents))
        self._levels.append(level)
        self._prune()

    def map(self, mappings: Sequence[tuple[str, str]], *, allowed: bool) -> None:
        """The policy mappings of the certificate added last (§6.1.4 (b))."""
        if self.empty:
            return
        level = self._levels[-1]
        targets: dict[str, set[str]] = {}
        for issuer, subject in mappings:
            targets.setdefault(issuer, set()).add(subject)
        for policy, subjects in targets.items():
            if not allowed:
                level.pop(policy, None)
            elif policy in level:
                level[policy].expected = set(subjects)
            elif ANY_POLICY in level:
                level[policy] = _Node(set(subjects), {ANY_POLICY})
        self._prune()

    def constrained(self, wanted: frozenset[str]) -> frozenset[str]:
        """The user-constrained policy set (§6.1.5 (g)): what the path is valid for among ``wanted``, in the terms of the anchor."""
        if self.empty:
            return frozenset()
        authority = {policy for above, level in zip(self._levels, self._levels[1:], strict=False) if ANY_POLICY in above
                     for policy, node in level.items() if ANY_POLICY in node.parents and policy != ANY_POLICY}  # fmt: skip
        if ANY_POLICY in self._levels[-1]:
            authority.add(ANY_POLICY)
        if ANY_POLICY in wanted:
            return frozenset(authority)
        return wanted if ANY_POLICY in authority else frozenset(authority & wanted)

    def _prune(self) -> None:
        """Take away nodes without children, from the last level but one upwards (§6.1.3 (d)(3)); a graph without nodes is NULL."""
        for depth in range(len(self._levels) - 1, 0, -1):
            wanted = {parent for node in self._levels[depth].values() for parent in node.parents}
            above = self._levels[depth - 1]
            for policy in [policy for policy in above if policy not in wanted]:
                del above[policy]
        if not self._levels[0] or not self._levels[-1]:
            self._levels = []
