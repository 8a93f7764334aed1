"""An archive of news articles that can prove it lost nothing."""
from __future__ import annotations

__version__ = "0.1.0"
