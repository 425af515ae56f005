"""How fast boards are flashed, and what many boards cost, measured side by side in one run."""
