"""What decoded arguments are made of. Imports nothing of ours; `_decode` makes them."""
