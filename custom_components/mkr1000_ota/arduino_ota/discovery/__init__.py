"""What boards announce on the network, and where they were heard."""
