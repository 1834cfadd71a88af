"""What -h says."""

HELP = """\
usage: fasttrace strace [OPTIONS] { -p PID | [-E VAR=VAL]... PROG [ARGS] }

Run a command, or attach to a process, and print its system calls as strace does.

  -f                 children too; -ff with -o FILE: each task into FILE.PID
  -o FILE            write the lines to FILE, or to the input of a command: '|COMMAND'; -A: append
  -p PID             attach to a process; with a command, too
  -u USER            run the command with a user's rights; -D: as our child, traced by a grandchild
  -b execve          let go of who executes another program
  -e trace=SET       only these calls: names, %class, /regex, ! for all but
  -e signal=SET, -e status=SET, -e quiet=SET, -e inject=RULE, -e fault=RULE
  -P PATH            only calls that are given the path, or a descriptor of it
  -y, -yy            what descriptors are: their paths; devices and sockets' addresses, too
  -Y                 what processes and threads are called; --decode-pids=pidns: their numbers here
  -z, -Z             only calls that succeed; that fail
  -t, -tt, -ttt, -r  when: time of day, with microseconds, seconds since 1970, since the line before
  -T, -n             how long each call took; its number
  -v, -X raw|abbrev|verbose   nothing abbreviated; constants as numbers, names, both
  -e abbrev=SET, -e verbose=SET, -e raw=SET   the same of some calls; structures; numbers alone
  -e read=SET, -e write=SET   dump what is read from descriptors, or written
  -a COLUMN          where results stand (40); -s SIZE: how much of a string is shown (32)
  -x, -xx            strings in hexadecimal: those that are no text, all
  -c, -C             count calls, errors and times instead, too; -S, -U: order and columns
  -E VAR=VAL         set in the command's environment; -E VAR: remove from it
  -q, -qq, -qqq      fewer messages
  -h, -V             this; the version

Long options and those that are accepted or absent: docs/strace.md.

example: fasttrace strace -f -e trace=%file -o calls.txt make
"""
