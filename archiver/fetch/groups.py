"""Groups: who is addressed in a robots.txt, and what else it says. In: its text. Out: group, signals. Never: rules.

Which URLs a group allows is Protego's business; here is which group is ours, by the same rule as Protego's, what it
signals about use (Content-Signal, contentsignals.org; Content-Usage, the IETF's AI preferences), and which of the
agents that collect for language models are shut out of the whole site.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

AI_AGENTS = frozenset(
    [
        "ai2bot",
        "amazonbot",
        "anthropic-ai",
        "applebot-extended",
        "bytespider",
        "ccbot",
        "chatgpt-user",
        "claude-web",
        "claudebot",
        "cohere-ai",
        "diffbot",
        "facebookbot",
        "google-extended",
        "gptbot",
        "imagesiftbot",
        "meta-externalagent",
        "oai-searchbot",
        "omgili",
        "omgilibot",
        "perplexitybot",
        "timpibot",
        "youbot",
    ]
)
_SIGNALS = ("content-signal", "content-usage")
_LINE = re.compile(r"\s*([A-Za-z][A-Za-z -]{0,30}?)\s*:\s*([^#]*)")
_MOST_SIGNALS = 20


@dataclass(frozen=True, slots=True)
class Groups:
    """What a robots.txt says beside its rules, to us or to those who train models."""

    ours: str | None = None  # the name of the group that applies to us, `*` for everybody's; None: no group does
    signals: tuple[tuple[str, str], ...] = ()  # of our group: name, value
    shut_out: tuple[str, ...] = ()  # of `AI_AGENTS`, those for whom everything is disallowed


@dataclass(slots=True)
class _Group:
    names: list[str] = field(default_factory=list)
    lines: list[tuple[str, str]] = field(default_factory=list)


def groups_of(text: str, agent: str) -> Groups:
    """Read who is addressed. `agent` is our User-Agent without its contact."""
    groups = _groups(text)
    names = {name for group in groups for name in group.names}
    ours = max(names, key=lambda name: _match(name, agent.lower()), default="")
    if not _match(ours, agent.lower()):
        return Groups(None, (), _shut_out(groups))
    signals = dict.fromkeys(
        line for group in groups if ours in group.names for line in group.lines if line[0] in _SIGNALS
    )
    return Groups(ours, tuple(signals)[:_MOST_SIGNALS], _shut_out(groups))


def _shut_out(groups: list[_Group]) -> tuple[str, ...]:
    closed = (group for group in groups if ("disallow", "/") in group.lines)
    return tuple(sorted({name for group in closed for name in group.names} & AI_AGENTS))


def _groups(text: str) -> list[_Group]:
    groups: list[_Group] = []
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        name, value = match[1].lower(), match[2].strip()
        if name in ("user-agent", "user agent"):
            if not groups or groups[-1].lines:
                groups.append(_Group())
            groups[-1].names.append(value if value == "*" else value.lower().replace("*", ""))
        elif groups and name not in ("sitemap", "host"):
            groups[-1].lines.append((name, value))
    return groups


def _match(name: str, agent: str) -> int:
    """How well a group's name fits us: its length where a word of ours begins with it, 1 for `*`, 0 not at all."""
    if name == "*":
        return 1
    at = agent.find(name) if name else -1
    while at > 0 and (agent[at - 1].isalnum() or agent[at - 1] in "-_"):
        at = agent.find(name, at + 1)
    return len(name) if at >= 0 else 0
