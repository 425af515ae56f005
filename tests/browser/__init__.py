"""What a person sees: the newest Home Assistant's frontend in a real browser, with virtual boards behind it."""
