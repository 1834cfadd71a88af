"""`fasttrace seccomp VERB ...`: one file per verb, in the list below."""

VERBS = {
    "generate": "run a command and write a profile that lets it run again",
    "run": "run a command under a profile",
    "check": "tell what is wrong with a profile, and what a trace would have lost",
    "explain": "tell what happens to a call under a profile, and which rule says so",
    "diff": "tell which calls two profiles treat differently",
    "merge": "make a profile that allows what any of several allow",
}

ABOUT = "Make, try, check and compare seccomp profiles."
EXAMPLE = "fasttrace seccomp explain profile.json openat socket:AF_INET"
