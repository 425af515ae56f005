"""The demonstration that scripts/demo runs: virtual boards, a real Home Assistant, and a short story."""
