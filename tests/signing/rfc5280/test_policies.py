"""The policy graph gives what the policy tree of RFC 5280 §6.1 gives, told here anew, node by node, as a tree."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from signing.oids import ANY_POLICY as ANY
from signing.validation.rfc5280.policies import PolicyGraph

POLICIES = ["p1", "p2", "p3"]


@dataclass
class Step:
    """One certificate: its policies (``None``: no extension), whether its anyPolicy counts, its mappings, whether they are allowed."""

    policies: list[str] | None
    any_counts: bool
    mappings: list[tuple[str, str]] = field(default_factory=list)
    mapping_allowed: bool = True


@dataclass
class Node:
    policy: str
    expected: set[str]
    children: list[Node] = field(default_factory=list)


def level(node: Node, depth: int) -> list[Node]:
    return [node] if depth == 0 else [found for child in node.children for found in level(child, depth - 1)]


def prune(node: Node, depth: int) -> bool:
    """Take away what has no child at the last level; whether the node stays."""
    if depth == 0:
        return True
    node.children = [child for child in node.children if prune(child, depth - 1)]
    return bool(node.children)


def tree_result(steps: list[Step], wanted: frozenset[str]) -> set[str]:
    """RFC 5280 §6.1.3 (d), (e), §6.1.4 (b), §6.1.5 (g) to the letter; the policies of the anchor's domain the path is valid for."""
    root: Node | None = Node(ANY, {ANY})
    for depth, step in enumerate(steps):
        if root is None or step.policies is None:
            return set()
        add(root, depth, step)
        if not prune(root, depth + 1):
            return set()
        if depth < len(steps) - 1 and not map_policies(root, depth + 1, step):
            return set()
    return intersect(root, len(steps), wanted) if root is not None else set()


def add(root: Node, depth: int, step: Step) -> None:
    above = level(root, depth)
    for policy in step.policies or ():
        if policy == ANY:
            continue
        matching = [node for node in above if policy in node.expected]
        for node in matching or [node for node in above if node.policy == ANY]:
            node.children.append(Node(policy, {policy}))
    if ANY in (step.policies or ()) and step.any_counts:
        for node in above:
            have = {child.policy for child in node.children}
            node.children += [Node(expected, {expected}) for expected in sorted(node.expected - have)]


def map_policies(root: Node, depth: int, step: Step) -> bool:
    for policy in dict.fromkeys(one for one, _ in step.mappings):
        targets = {other for one, other in step.mappings if one == policy}
        nodes = [node for node in level(root, depth) if node.policy == policy]
        if not step.mapping_allowed:
            for parent in level(root, depth - 1):
                parent.children = [child for child in parent.children if child.policy != policy]
        elif nodes:
            for node in nodes:
                node.expected = set(targets)
        else:
            for parent in level(root, depth - 1):
                if parent.policy == ANY and any(child.policy == ANY for child in parent.children):
                    parent.children.append(Node(policy, set(targets)))
    return prune(root, depth)


def intersect(root: Node, depth: int, wanted: frozenset[str]) -> set[str]:
    domain: set[str] = set()
    for at in range(depth):
        for parent in level(root, at):
            if parent.policy == ANY:
                domain |= {child.policy for child in parent.children if child.policy != ANY}
    if any(node.policy == ANY for node in level(root, depth)):
        domain.add(ANY)
    if ANY in wanted:
        return domain
    return set(wanted) if ANY in domain else domain & wanted


def graph_result(steps: list[Step], wanted: frozenset[str]) -> set[str]:
    graph = PolicyGraph()
    for number, step in enumerate(steps):
        if step.policies is None:
            graph.clear()
        else:
            graph.add(step.policies, any_counts=step.any_counts)
        if number < len(steps) - 1:
            graph.map(step.mappings, allowed=step.mapping_allowed)
    return set(graph.constrained(wanted))


NAMED = st.sampled_from(POLICIES)
STEPS = st.builds(
    Step,
    st.one_of(st.none(), *[st.lists(st.sampled_from([*POLICIES, ANY]), min_size=1, max_size=3, unique=True)] * 5),
    st.booleans(),
    st.lists(st.tuples(NAMED, NAMED), max_size=3),
    st.sampled_from([True, True, False]),
)


@settings(max_examples=600)
@given(st.lists(STEPS, min_size=1, max_size=4), st.sampled_from([frozenset({ANY}), frozenset({"p1"}), frozenset({"p2", "p3"})]))
def test_graph_and_tree_agree(steps: list[Step], wanted: frozenset[str]) -> None:
    assert graph_result(steps, wanted) == tree_result(steps, wanted)


def test_the_graph_does_not_explode_where_the_tree_does() -> None:
    """Each certificate maps two policies onto both: the tree doubles with every step (RFC 9618 §1.1), the graph does not."""
    graph = PolicyGraph()
    for _ in range(64):
        graph.add(["p1", "p2"], any_counts=False)
        graph.map([("p1", "p1"), ("p1", "p2"), ("p2", "p1"), ("p2", "p2")], allowed=True)
    assert graph.constrained(frozenset({ANY})) == {"p1", "p2"}
