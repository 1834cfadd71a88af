"""A trace as one HTML file that opens without a network.

`page.py` puts it together of the sections, `timeline.py` and `latency.py` count what its plots
show, `markup.py` writes tables in which nothing from outside is more than text. page.css and
page.js say how a browser shows it.
"""
