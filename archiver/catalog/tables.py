"""The catalog's tables. In: nothing. Out: SQL. Never: a fact that no record holds.

snapshots       a row per record
taken_files     the published shards whose rows are in it, by their sha256
articles        the words of those that have an article, spaced where their script writes no spaces
articles_fts    the index of those words, an external content table (SQLite, FTS5, 4.4.3): Datasette finds it by itself
"""

from __future__ import annotations

from archiver.catalog.words import COLUMNS, TOKENIZE

_WORDS = ", ".join(COLUMNS)
_OLD = ", ".join(f"old.{name}" for name in COLUMNS)
_NEW = ", ".join(f"new.{name}" for name in COLUMNS)

FILTERS = "domain, captured_at, language, verdict, crawl, collection, published_at"
"""The columns of an index that holds all that a filter asks for: most filters read nothing else."""

INDEX = f"""
CREATE VIRTUAL TABLE articles_fts USING fts5(
  {_WORDS}, content="articles", content_rowid="number", tokenize="{TOKENIZE}"
);
"""

# More segments lie side by side before they are merged: a tenth less CPU to write; a search reads a few more.
_MERGE_LATER = "INSERT INTO articles_fts (articles_fts, rank) VALUES ('automerge', 8);"

TABLES = f"""
CREATE TABLE snapshots (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL, record_key TEXT NOT NULL, generation INTEGER NOT NULL, url TEXT NOT NULL,
  requested_url TEXT NOT NULL, surt TEXT NOT NULL, host TEXT NOT NULL, domain TEXT NOT NULL, collection TEXT NOT NULL,
  crawl TEXT NOT NULL, captured_at TEXT NOT NULL,
  status INTEGER, verdict TEXT NOT NULL, flags TEXT NOT NULL, title TEXT, authors TEXT NOT NULL, published TEXT,
  language TEXT, words INTEGER NOT NULL, sha256 TEXT, sha1 TEXT, media_type TEXT,
  size INTEGER NOT NULL, body_key TEXT, repeats TEXT,
  record_sha256 TEXT NOT NULL, failure TEXT, published_at TEXT,
  UNIQUE (collection, id)
);
CREATE INDEX snapshots_record ON snapshots (record_key);
CREATE INDEX snapshots_id ON snapshots (id);
CREATE INDEX snapshots_surt ON snapshots (surt, captured_at);
CREATE INDEX snapshots_requested ON snapshots (requested_url);
CREATE INDEX snapshots_filters ON snapshots ({FILTERS});
CREATE INDEX snapshots_time ON snapshots (captured_at, id);
CREATE INDEX snapshots_sha256 ON snapshots (sha256);
CREATE INDEX snapshots_collection ON snapshots (collection, verdict);
CREATE TABLE articles (
  number INTEGER PRIMARY KEY REFERENCES snapshots (number),
  url TEXT NOT NULL, published TEXT, title TEXT NOT NULL, authors TEXT NOT NULL, description TEXT NOT NULL,
  text TEXT NOT NULL
);
CREATE TABLE taken_files (name TEXT PRIMARY KEY);
{INDEX}{_MERGE_LATER}
CREATE TRIGGER articles_added AFTER INSERT ON articles BEGIN
  INSERT INTO articles_fts (rowid, {_WORDS}) VALUES (new.number, {_NEW});
END;
CREATE TRIGGER snapshots_removed AFTER DELETE ON snapshots BEGIN
  DELETE FROM articles WHERE number = old.number;
END;
CREATE TRIGGER articles_removed AFTER DELETE ON articles BEGIN
  INSERT INTO articles_fts (articles_fts, rowid, {_WORDS}) VALUES ('delete', old.number, {_OLD});
END;
"""
