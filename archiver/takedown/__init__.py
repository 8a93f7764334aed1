"""Takedown: content deleted for good, a tombstone left. In: an archive, what, why. Out: notices. Never: undone."""

from archiver.takedown.taking import Doomed, Plan, plan, take_down

__all__ = ["Doomed", "Plan", "plan", "take_down"]
