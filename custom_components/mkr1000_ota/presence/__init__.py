"""Whether each board is online."""
