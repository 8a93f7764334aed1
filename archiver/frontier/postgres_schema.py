"""The ledger's tables in PostgreSQL, and how older ones become them. In: nothing. Out: SQL. Never: I/O.

Each job has a schema of its own, so that rows need not name their job and a job can be dropped at once. `fillfactor`
and autovacuum's thresholds: a URL's row changes three times (leased, intended, done), in a table that only grows.
"""

CREATE = """
CREATE FUNCTION clock() RETURNS double precision LANGUAGE sql VOLATILE
  AS 'SELECT extract(epoch FROM clock_timestamp())::double precision';
CREATE TABLE job (id integer PRIMARY KEY CHECK (id = 1), version integer NOT NULL, name text NOT NULL, crawl text,
  round integer NOT NULL DEFAULT 0, complete boolean NOT NULL DEFAULT true, completed_at double precision,
  rules text NOT NULL DEFAULT '', state text NOT NULL DEFAULT 'run', state_at double precision NOT NULL DEFAULT 0,
  archive text NOT NULL DEFAULT '', began double precision NOT NULL DEFAULT 0, closer integer);
CREATE TABLE worker (id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY, name text NOT NULL,
  lease_until double precision NOT NULL, ending boolean NOT NULL DEFAULT false);
CREATE TABLE host (host text PRIMARY KEY, next_due double precision NOT NULL,
  blocked_until double precision NOT NULL DEFAULT 0, next_ok double precision NOT NULL DEFAULT 0,
  owner integer, lease_until double precision NOT NULL DEFAULT 0, delay double precision NOT NULL DEFAULT 0,
  wanted_until double precision NOT NULL DEFAULT 0)
  WITH (fillfactor = 50, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0.1);
CREATE INDEX host_due ON host (next_due) WHERE owner IS NULL;
CREATE INDEX host_owner ON host (owner) WHERE owner IS NOT NULL;
CREATE TABLE url (fp bigint PRIMARY KEY, via bigint, due double precision NOT NULL, ended_at double precision,
  status integer, record_size bigint, body_size bigint, prio integer NOT NULL, epoch integer NOT NULL DEFAULT 0,
  tries integer NOT NULL DEFAULT 0, hops integer NOT NULL DEFAULT 0, round integer NOT NULL DEFAULT 0,
  crashes smallint NOT NULL DEFAULT 0, state smallint NOT NULL DEFAULT 0, seed boolean NOT NULL DEFAULT false,
  host text NOT NULL, url text NOT NULL, role text NOT NULL, outcome text, reason text NOT NULL DEFAULT '',
  final_url text, record text, record_sha256 text, body text, body_sha256 text, known jsonb,
  announced jsonb)
  WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1,
        autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX url_todo ON url (host, prio DESC, due) WHERE state = 0;
CREATE INDEX url_leased ON url (host) WHERE state = 1;
CREATE INDEX url_again ON url (due) WHERE state = 2 AND due < 9e18;
CREATE TABLE dropped (reason text PRIMARY KEY, n bigint NOT NULL) WITH (fillfactor = 50);
CREATE TABLE event (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, at double precision NOT NULL,
  kind text NOT NULL, detail text NOT NULL);
"""
SLIM = """
CREATE TABLE kind (id smallint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, outcome text NOT NULL, reason text NOT NULL,
  UNIQUE (outcome, reason));
CREATE TABLE seen (fp bigint PRIMARY KEY, kind smallint NOT NULL) WITH (autovacuum_vacuum_insert_scale_factor = 0.1);
CREATE TABLE settled (host text NOT NULL, kind smallint NOT NULL, n bigint NOT NULL, size bigint NOT NULL,
  PRIMARY KEY (host, kind));
"""  # version 1 kept the whole row of every URL for ever
STEPS = (CREATE, SLIM)  # the n-th makes version n of version n - 1
VERSION = len(STEPS)
