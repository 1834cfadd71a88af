"""How things are written for people: safe for a terminal, with units. Imports nothing of ours."""
