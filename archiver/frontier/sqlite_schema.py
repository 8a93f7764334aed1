"""The ledger's tables in SQLite, and how older ones become them. In: nothing. Out: SQL. Never: I/O."""

VERSION = 3
SCHEMA = """
CREATE TABLE job (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, name TEXT NOT NULL, crawl TEXT,
  round INTEGER NOT NULL DEFAULT 0, complete INTEGER NOT NULL DEFAULT 1, rules TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL DEFAULT 'run', state_at REAL NOT NULL DEFAULT 0, archive TEXT NOT NULL DEFAULT '',
  clock REAL NOT NULL, began REAL NOT NULL DEFAULT 0);
CREATE TABLE host (host TEXT PRIMARY KEY, next_due REAL NOT NULL, blocked_until REAL NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE INDEX host_due ON host (next_due);
CREATE TABLE url (fp INTEGER PRIMARY KEY, host TEXT NOT NULL, url TEXT NOT NULL, role TEXT NOT NULL,
  state INTEGER NOT NULL DEFAULT 0, prio INTEGER NOT NULL, due REAL NOT NULL, epoch INTEGER NOT NULL DEFAULT 0,
  tries INTEGER NOT NULL DEFAULT 0, crashes INTEGER NOT NULL DEFAULT 0, via INTEGER, hops INTEGER NOT NULL DEFAULT 0,
  seed INTEGER NOT NULL DEFAULT 0, round INTEGER NOT NULL DEFAULT 0, outcome TEXT, reason TEXT NOT NULL DEFAULT '',
  final_url TEXT, status INTEGER, record TEXT, record_sha256 TEXT,
  record_size INTEGER, body TEXT, body_sha256 TEXT, body_size INTEGER, known TEXT,
  ended_at REAL, announced TEXT);
CREATE INDEX url_todo ON url (host, prio DESC, due) WHERE state = 0;
CREATE INDEX url_leased ON url (fp) WHERE state = 1;
CREATE INDEX url_again ON url (due) WHERE state = 2 AND due < 9e18;
CREATE TABLE dropped (reason TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE event (at REAL NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL);
"""
FROM_1 = """
ALTER TABLE job ADD COLUMN rules TEXT NOT NULL DEFAULT '';
ALTER TABLE job ADD COLUMN state TEXT NOT NULL DEFAULT 'run';
ALTER TABLE job ADD COLUMN state_at REAL NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN archive TEXT NOT NULL DEFAULT '';
CREATE TABLE event (at REAL NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL);
ALTER TABLE url ADD COLUMN known TEXT;
ALTER TABLE url DROP COLUMN etag;
ALTER TABLE url DROP COLUMN last_modified;
UPDATE url SET due = 9e18 WHERE state = 2
  AND NOT (seed = 1 OR outcome = 'followed' OR (outcome = 'kept' AND reason = 'index'));
CREATE INDEX url_again ON url (due) WHERE state = 2 AND due < 9e18;
"""  # version 1 had no `known`, no orders and no events, and asked again by outcome
FROM_2 = """
ALTER TABLE url ADD COLUMN announced TEXT;
"""  # version 2 did not keep what feeds and sitemaps say of a page's dates
UPGRADES = {1: FROM_1, 2: FROM_2}
