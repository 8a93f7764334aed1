"""Our spiders: one file for each way of finding articles. In: a place to start. Out: pages. Never: storing."""
