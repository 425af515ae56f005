"""The steps of adding a board, of its credentials, and of its options, with their forms."""
