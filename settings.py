"""The crawl's knobs, read top to bottom: who we are, how polite, what we capture, where it goes.

Every ARCHIVE_* setting is explained in docs/reference/settings.md; `archiver crawl` sets them from its options and from
a job file, `python -m scrapy crawl site -a url=… -s ARCHIVE_URI=…` from the command line.
"""

# --- who we are: put a page or an address there where a site's owner can reach you
BOT_NAME = "newsvault"
USER_AGENT = "newsvault/0.1 (news archive; +https://newsvault.example/about-the-crawler)"
SPIDER_MODULES = ["spiders"]
NEWSPIDER_MODULE = "spiders"

# --- how polite
ARCHIVE_ROBOTS = True
ARCHIVE_DELAY_SECONDS = 1.0
ARCHIVE_PER_HOST = 1
ARCHIVE_CONCURRENCY = 16

# --- what we capture
ADDONS = {"archiver.crawl.ArchiveAddon": 100}
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "*",
}
ARCHIVE_BODY_BYTES = 16 * 1024 * 1024
ARCHIVE_URL_SECONDS = 45.0

# --- where it goes
ARCHIVE_URI = "archive"
ARCHIVE_COLLECTION = "default"

# --- Scrapy itself
TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
LOG_LEVEL = "INFO"
LOG_FORMAT = "%(asctime)s %(levelname)s %(message)s"
