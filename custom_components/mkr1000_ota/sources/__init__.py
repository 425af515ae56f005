"""Which source a board uses, and the catalogs that boards of one source share."""
