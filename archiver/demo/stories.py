"""The Courier's articles as values. In: `articles.toml`. Out: `Story`. Never: HTML, network."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any

SECTIONS = ("harbour", "town", "culture")


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One article of the Courier. `published` and `modified` are ISO 8601; `correction` appears at a second visit."""

    slug: str
    section: str
    style: str  # modern | wordpress | table
    title: str
    authors: tuple[str, ...]
    published: str
    modified: str = ""
    language: str = "en"
    tags: tuple[str, ...] = ()
    description: str = ""
    caption: str = ""
    correction: str = ""
    paragraphs: tuple[str, ...]

    @property
    def path(self) -> str:
        """Where the article lives on the site."""
        return f"/{self.section}/{self.published[:4]}/{self.slug}.html"


@functools.cache
def stories() -> tuple[Story, ...]:
    """Every article that may be archived, newest first."""
    return tuple(sorted(map(_story, _book()["article"]), key=lambda story: story.published, reverse=True))


@functools.cache
def closed_stories() -> tuple[Story, ...]:
    """The articles in the section that robots.txt closes."""
    return tuple(map(_story, _book()["closed"]))


def _book() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads(resources.files(__package__).joinpath("articles.toml").read_text("utf-8"))


def _story(row: dict[str, Any]) -> Story:
    facts: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    paragraphs = tuple(part.strip() for part in facts.pop("text").strip().split("\n\n"))
    return Story(**facts, paragraphs=paragraphs)
