"""The demo: a small news site of our own, served on loopback, to try the archive on. Never: the internet."""

from archiver.demo.site import DemoSite

__all__ = ["DemoSite"]
