"""How things are written for people: durations. Imports nothing of fasttrace."""
