"""A flash from end to end, and what a hostile network does to it."""
