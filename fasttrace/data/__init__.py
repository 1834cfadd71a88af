"""What was recorded: events, traces, summaries, processes, and the folder they are kept in."""
