"""Project: which Scrapy project a crawl runs in. In: environment, folder. Out: its settings. Never: Scrapy itself.

Asked in this order, the first that answers wins:

    SCRAPY_SETTINGS_MODULE          as Scrapy reads it
    the nearest scrapy.cfg          here or in a folder above: the user's own project, or this checkout
    the copy that comes with us     in a wheel as archiver/project/settings.py, else the checkout's settings.py
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from archiver.errors import BadInput

HERE = Path(__file__).parent
CHECKOUT = HERE.parent.parent
OUR_SPIDERS = "spiders"


@dataclass(frozen=True, slots=True)
class Project:
    """A Scrapy project: its settings module, and the package our own spiders are imported from."""

    settings: ModuleType
    spiders: str
    origin: str  # in words, for messages


def find(cwd: Path | None = None) -> Project:
    """Return the project that a crawl started in `cwd` belongs to. Raises BadInput when its settings do not load."""
    if name := os.environ.get("SCRAPY_SETTINGS_MODULE"):
        sys.path.insert(0, str(cwd or Path.cwd()))
        return Project(_import(name, "SCRAPY_SETTINGS_MODULE"), own_spiders(), f"SCRAPY_SETTINGS_MODULE={name}")
    for folder in ((cwd or Path.cwd()).resolve(), *(cwd or Path.cwd()).resolve().parents):
        cfg = folder / "scrapy.cfg"
        if cfg.is_file() and (name := _named(cfg)):
            if folder == CHECKOUT:
                break
            sys.path.insert(0, str(folder))  # before site-packages, where a foreign `settings` may lie
            return Project(_import(name, str(cfg), within=folder), own_spiders(), str(cfg))
    settings = _load(_own_settings())
    settings.SPIDER_MODULES = [own_spiders()]  # type: ignore[attr-defined]  # in the wheel they have another name
    return Project(settings, own_spiders(), "newsvault's own settings")


def own_spiders() -> str:
    """The package of our spiders: inside the wheel, or beside it in a checkout."""
    if (HERE / "spiders").is_dir():
        return f"{__name__}.spiders"
    if str(CHECKOUT) not in sys.path:
        sys.path.insert(0, str(CHECKOUT))
    return OUR_SPIDERS


def _own_settings() -> Path:
    packed = HERE / "settings.py"
    return packed if packed.is_file() else CHECKOUT / "settings.py"


def _named(cfg: Path) -> str | None:
    parser = ConfigParser()
    try:
        parser.read(cfg, encoding="utf-8")
    except (ConfigError, UnicodeDecodeError) as error:
        raise BadInput(str(cfg), f"cannot be read ({error})") from error
    wanted = os.environ.get("SCRAPY_PROJECT", "default")
    return parser.get("settings", wanted, fallback=None)


def _import(name: str, source: str, *, within: Path | None = None) -> ModuleType:
    loaded = sys.modules.get(name)
    if within is not None and loaded is not None and not str(loaded.__file__ or "").startswith(str(within)):
        del sys.modules[name]  # a module of the same name from elsewhere was imported before
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise BadInput(source, f"names the settings module {name!r}, which fails to load: {error}") from error


def _load(path: Path) -> ModuleType:
    """Load our settings by place, not by name: `settings` may be anybody's module."""
    spec = importlib.util.spec_from_file_location("newsvault_settings", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise BadInput(str(path), "is missing from the installation; install newsvault again")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
