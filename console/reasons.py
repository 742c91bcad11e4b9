"""Why something was refused, in words for people who do not know the names of rules; the names stand behind, to be looked up."""

from __future__ import annotations

from console.locale import Text


def meaning(rule: str, sub_indication: str, text: Text) -> str:
    """What a refusal by this rule means: the sub-indication's words, else the rule's; empty where there are none."""
    words = text.explanation("sub-indication", sub_indication).get("title", "") if sub_indication else ""
    return words or text.explanation("check", rule).get("wrong", "")


def reason(rule: str, sub_indication: str, text: Text) -> str:
    """``The signer's certificate has been revoked … (leader-signature, REVOKED_NO_POE)``; the names alone where there are no words."""
    names = ", ".join(filter(None, (rule, sub_indication)))
    words = meaning(rule, sub_indication, text).rstrip(".")
    return f"{words} ({names})" if words and names else names
