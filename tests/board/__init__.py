"""The board itself: talking to it, hearing it, inspecting sketches for it."""
