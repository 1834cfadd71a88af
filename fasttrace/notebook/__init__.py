"""What notebooks and IPython have besides: `%load_ext fasttrace`, and the magic `%%fasttrace`.

It may import all that traces and all that is shown; nothing of IPython before that has loaded it.
"""
