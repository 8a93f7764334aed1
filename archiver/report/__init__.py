"""Report: how a crawl goes and how it went. In: a ledger, or an archive alone. Out: numbers, text, HTML. Never: Scrapy.

charts.py draws numbers as SVG, for this room and for the web pages.
"""
