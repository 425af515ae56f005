"""What the network says: mDNS, the ARP table, which board this is, and discovery flows."""
