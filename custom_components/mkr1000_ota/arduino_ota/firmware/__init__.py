"""Where sketches come from."""
