"""The install transaction: a board is flashed, or it is not, and its password is known either way."""
