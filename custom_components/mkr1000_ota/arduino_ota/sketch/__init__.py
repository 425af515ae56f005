"""An image: what it tells about itself, and whether a board would survive it."""
