"""Basic path validation (RFC 5280 §6.1): what a path is worth at every moment, apart from validity periods and revocation.

The signatures of a path's links were verified when it was built; instants and revocation are judged by the engine, in the order of
EN 319 102-1. Policies follow RFC 9618.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from signing import oids
from signing.validation.report import Check, SubIndication
from signing.validation.rfc5280 import subtrees
from signing.validation.rfc5280.checks import NAMES, POLICIES, STRUCTURE, Fault
from signing.validation.rfc5280.extensions import Subtrees
from signing.validation.rfc5280.names import text
from signing.validation.rfc5280.objects import Certificate
from signing.validation.rfc5280.policies import PolicyGraph
from signing.validation.rfc5280.settings import ChainPolicy

KEY_CERT_SIGN, CRL_SIGN = 5, 6

HANDLED = {
    oids.BASIC_CONSTRAINTS,
    oids.KEY_USAGE,
    oids.EXTENDED_KEY_USAGE,
    oids.SUBJECT_ALT_NAME,
    oids.CERTIFICATE_POLICIES,
    oids.POLICY_MAPPINGS,
    oids.POLICY_CONSTRAINTS,
    oids.INHIBIT_ANY_POLICY,
    oids.NAME_CONSTRAINTS,
    oids.CRL_DISTRIBUTION_POINTS,
    oids.FRESHEST_CRL,
    oids.SUBJECT_KEY_IDENTIFIER,
    oids.AUTHORITY_KEY_IDENTIFIER,
    oids.OCSP_NO_CHECK,
}
"""Extensions acted on; any other that is critical ends a path (RFC 5280 §4.2)."""


@dataclass(frozen=True, slots=True)
class Walked:
    """A path after §6.1: its first fault or ``None``, and the user-constrained policy set."""

    fault: Fault | None
    policies: frozenset[str]


class _State:
    """The state variables of RFC 5280 §6.1.2 that are not about keys."""

    def __init__(self, anchor: Certificate, length: int, policy: ChainPolicy) -> None:
        self.graph = PolicyGraph()
        self.constraints: list[Subtrees] = []
        self.explicit = 0 if policy.explicit_policy else length + 1
        self.mapping = 0 if policy.inhibit_mapping else length + 1
        self.any_policy = 0 if policy.inhibit_any_policy else length + 1
        self.path_length = length
        if policy.anchor_constraints:
            self.tighten(anchor)

    def tighten(self, authority: Certificate) -> None:
        """What an authority's certificate demands of those below it (§6.1.4 (g), (i), (j), (m); for an anchor RFC 5937 §3.2)."""
        if authority.constraints is not None:
            self.constraints.append(authority.constraints)
        explicit, mapping = authority.policy_constraints
        self.explicit = _least(self.explicit, explicit)
        self.mapping = _least(self.mapping, mapping)
        self.any_policy = _least(self.any_policy, authority.inhibit_any_policy)
        if authority.authority is not None:
            self.path_length = _least(self.path_length, authority.authority[1])

    def step(self) -> None:
        """One certificate further that is not self-issued (§6.1.4 (h))."""
        self.explicit, self.mapping, self.any_policy = (max(skip - 1, 0) for skip in (self.explicit, self.mapping, self.any_policy))


def walk(path: Sequence[Certificate], policy: ChainPolicy) -> Walked:
    """Walk a path (end entity first, anchor last) from the anchor down; the steps of RFC 5280 §6.1.3–6.1.5 that no moment changes.

    (1) names lie within the constraints above           §6.1.3 (b), (c)
    (2) policies are carried on                          §6.1.3 (d)–(f), §6.1.4 (a), (b)
    (3) authorities are authorities and may sign         §6.1.4 (k)–(n)
    (4) no critical extension is unknown                 §6.1.4 (o), §6.1.5 (f)
    (5) some policy is valid where one is required       §6.1.5 (g)
    """
    anchor, below = path[-1], path[-2::-1]
    if policy.anchor_constraints:
        detail = _anchor_fault(anchor, signs=bool(below))
        if detail:
            return _ended(STRUCTURE, anchor, detail)
    state = _State(anchor, len(below), policy)
    for position, certificate in enumerate(below):
        final = position == len(below) - 1
        fault = _certificate_fault(certificate, state, final=final) or (None if final else _authority_fault(certificate, state))
        if fault:
            return Walked(fault, frozenset())
    return _wrap_up(below[-1] if below else anchor, state, policy)


def _certificate_fault(certificate: Certificate, state: _State, *, final: bool) -> Fault | None:
    """§6.1.3 (b)–(f), and the critical extensions of §6.1.4 (o) and §6.1.5 (f)."""
    unknown = certificate.critical - HANDLED
    if unknown:
        return _fault(STRUCTURE, certificate, f"has the unknown critical extension {min(unknown)} (RFC 5280 §4.2)")
    self_issued = not final and certificate.self_issued
    if not self_issued:
        broken = subtrees.fault(certificate, state.constraints)
        if broken:
            return _fault(NAMES, certificate, f"breaks a name constraint: {broken}")
    if certificate.policies is None:
        state.graph.clear()
    else:
        state.graph.add(certificate.policies, any_counts=state.any_policy > 0 or self_issued)
    if state.graph.empty and state.explicit == 0:
        return _fault(POLICIES, certificate, "leaves no valid policy where one is required (RFC 5280 §6.1.3 (f))")
    return None


def _authority_fault(certificate: Certificate, state: _State) -> Fault | None:
    """§6.1.4: preparation for the next certificate."""
    if certificate.policy_mappings:
        if any(oids.ANY_POLICY in pair for pair in certificate.policy_mappings):
            return _fault(POLICIES, certificate, "maps anyPolicy (RFC 5280 §6.1.4 (a))")
        state.graph.map(certificate.policy_mappings, allowed=state.mapping > 0)
    if not certificate.is_authority:
        return _fault(STRUCTURE, certificate, "is not an authority (RFC 5280 §6.1.4 (k))")
    self_issued = certificate.self_issued
    if not self_issued:
        if state.path_length <= 0:
            return _fault(STRUCTURE, certificate, "has more authorities above it than a path length allows (RFC 5280 §6.1.4 (l))")
        state.path_length -= 1
        state.step()
    if certificate.key_usage is not None and KEY_CERT_SIGN not in certificate.key_usage:
        return _fault(STRUCTURE, certificate, "may not sign certificates (RFC 5280 §6.1.4 (n))")
    state.tighten(certificate)
    return None


def _wrap_up(last: Certificate, state: _State, policy: ChainPolicy) -> Walked:
    """§6.1.5 (a), (b), (g)."""
    explicit = max(state.explicit - 1, 0)
    if last.policy_constraints[0] == 0:
        explicit = 0
    policies = state.graph.constrained(policy.initial_policies)
    if explicit == 0 and not policies:
        return _ended(POLICIES, last, "has no valid policy among those asked for, and one is required (RFC 5280 §6.1.5 (g))")
    return Walked(None, policies)


def _anchor_fault(anchor: Certificate, *, signs: bool) -> str:
    """What an anchor's own certificate may not say when it signs others (RFC 5937 §3.2); one of version 1 says nothing."""
    unknown = anchor.critical - HANDLED
    if unknown:
        return f"has the unknown critical extension {min(unknown)} (RFC 5280 §4.2)"
    if signs and anchor.authority is not None and not anchor.is_authority:
        return "is an anchor but not an authority (RFC 5280 §4.2.1.9)"
    if signs and anchor.key_usage is not None and KEY_CERT_SIGN not in anchor.key_usage:
        return "is an anchor that may not sign certificates (RFC 5280 §4.2.1.3)"
    return ""


def _least(one: int, other: int | None) -> int:
    return one if other is None else min(one, other)


def _fault(step: Check, certificate: Certificate, detail: str) -> Fault:
    return Fault(step, SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, f"{text(certificate.subject)} {detail}")


def _ended(step: Check, certificate: Certificate, detail: str) -> Walked:
    return Walked(_fault(step, certificate, detail), frozenset())
