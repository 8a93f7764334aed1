"""Thin adapters that let outside suites drive the public command line and library; no part of the product."""
