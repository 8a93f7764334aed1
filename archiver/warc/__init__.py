"""WARC: a snapshot as WARC/1.1 records. In: a snapshot. Out: bytes that replay engines read. Never: files, stores."""
