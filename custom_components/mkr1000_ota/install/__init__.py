"""One install, from its order to its applied outcome, and what is due after a crash or when a board is back."""
