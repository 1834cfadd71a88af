"""Promise: handlers are asked in order, and what they answer is what becomes of the call."""

from __future__ import annotations

import errno
import signal

import pytest

from fasttrace._core import HandedCall
from fasttrace.alter.handlers import Answer, HandledCall, Handlers
from fasttrace.errors import HandlerError, SelectionError
from fasttrace.syscalls.names import syscall_number

ARGS = (3, 0x1000, 64, 0, 0, 0)


def handed(name="read", *, at_exit=False, ret=0, args=ARGS):
    registers = {"rax": 2**64 - 38, "rdi": args[0]}
    return HandedCall(7, 5, 0, syscall_number(name), args, ret, at_exit, 99, registers)


class Session:
    """Notes what it is answered."""

    forked = False

    def __init__(self, error=None):
        self.answers = []
        self._error = error

    def answer(self, tid, **answer):
        if self._error is not None and not self.answers:
            self.answers.append("refused")
            raise self._error
        self.answers.append({key: value for key, value in answer.items() if value})


def serve(handlers, call, session=None):
    session = session or Session()
    handlers.serve(session, call, stop="kill", on_error="detach")
    return session.answers


def handlers(*functions, sets=("read",), at_exit=False):
    found = Handlers()
    for function in functions:
        found.add(sets, function, at_exit=at_exit)
    return found


def test_a_call_tells_what_it_is():
    call = HandledCall(handed(at_exit=True, ret=-2))
    assert (call.name, call.nr, call.abi, call.pid, call.tid) == ("read", 0, "x86_64", 5, 7)
    assert (call.args, call.ret, call.at_exit, call.time_ns) == (ARGS, -2, True, 99)
    assert repr(call) == "<HandledCall read(3, 0x1000, 0x40, 0, 0, 0) = -2 of 7>"


def test_an_interrupted_call_is_known():
    found = [
        ret for ret in range(-520, 1) if HandledCall(handed(at_exit=True, ret=ret)).interrupted
    ]
    assert found == [-516, -514, -513, -512]
    assert not HandledCall(handed(ret=-512)).interrupted


def test_none_lets_it_go_on():
    assert serve(handlers(lambda call: None), handed()) == [{}]


def test_only_handlers_of_the_call_are_asked_in_order():
    asked = []
    found = handlers(lambda call: asked.append(1), lambda call: asked.append(2))
    found.add(["write"], lambda call: asked.append(3), at_exit=False)
    found.add(["read"], lambda call: asked.append(4), at_exit=True)
    serve(found, handed())
    assert asked == [1, 2]
    serve(found, handed(at_exit=True))
    assert asked == [1, 2, 4]


def test_the_first_that_answers_decides():
    found = handlers(lambda call: None, lambda call: call.reply(1), lambda call: call.reply(2))
    assert serve(found, handed()) == [{"reply": 1}]


@pytest.mark.parametrize(
    ("make", "answer"),
    [
        (lambda call: call.reply(), Answer(reply=0)),
        (lambda call: call.reply(-2), Answer(reply=-2)),
        (lambda call: call.reply(errno=errno.EACCES), Answer(reply=-13)),
        (lambda call: call.reply(errno="EACCES"), Answer(reply=-13)),
        (lambda call: call.change("getpid"), Answer(nr=39)),
        (lambda call: call.change(600), Answer(nr=600)),
        (lambda call: call.change(args=(4,)), Answer(args=(4, *ARGS[1:]))),
        (lambda call: call.change("write", [1]), Answer(nr=1, args=(1, *ARGS[1:]))),
    ],
)
def test_each_answer_says_what_becomes_of_the_call(make, answer):
    assert make(HandledCall(handed())) == answer


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda call: call.reply(1 << 64), ValueError, "64 bits"),
        (lambda call: call.reply(1, errno=2), ValueError, "not both"),
        (lambda call: call.reply(errno=-2), ValueError, "1 to 4095"),
        (lambda call: call.reply(errno="ENOPE"), ValueError, "no errno"),
        (lambda call: call.change("opnat"), LookupError, "did you mean"),
        (lambda call: call.change(args=range(7)), ValueError, "six arguments"),
        (lambda call: call.deliver("SIGTREM"), ValueError, "did you mean SIGTERM"),
        (lambda call: call.deliver(65), ValueError, "1 to 64"),
        (lambda call: call.registers.update(eax=1), KeyError, "one of rax rdi"),
        (lambda call: call.registers.update(rax=1 << 64), ValueError, "64 bits"),
        (lambda call: call.registers.pop("rax"), TypeError, "cannot be deleted"),
    ],
)
def test_what_cannot_be_asked_for(make, error, message):
    with pytest.raises(error, match=message):
        make(HandledCall(handed()))


def test_a_call_that_was_made_cannot_be_changed():
    with pytest.raises(ValueError, match="has been made"):
        HandledCall(handed(at_exit=True)).change("getpid")


def test_registers_signal_and_end_go_with_the_answer():
    def handler(call):
        call.registers["rdi"] = -1
        assert call.registers["rdi"] == 2**64 - 1
        call.deliver("USR1")
        call.detach()

    (answer,) = serve(handlers(handler), handed())
    assert answer == {
        "registers": {"rdi": 2**64 - 1},
        "signal": int(signal.SIGUSR1),
        "end": "detach",
    }
    assert serve(handlers(lambda call: call.stop()), handed()) == [{"end": "kill"}]


def test_an_exception_lets_the_call_go_and_surfaces_whole():
    def handler(call):
        raise ZeroDivisionError("mine")

    session = Session()
    with pytest.raises(ZeroDivisionError, match="mine") as caught:
        serve(handlers(handler), handed(), session)
    assert session.answers == [{"end": "detach"}]
    assert caught.traceback[-1].name == "handler"


def test_an_answer_that_is_refused_is_given_anew():
    session = Session(ValueError("a session with a filter cannot detach"))
    with pytest.raises(ValueError, match="cannot detach"):
        serve(handlers(lambda call: None), handed(), session)
    assert session.answers == ["refused", {"end": "detach"}]


@pytest.mark.parametrize("wrong", [5, True, Answer(reply=1)])
def test_a_handler_returns_none_or_an_answer_of_its_call(wrong):
    with pytest.raises(HandlerError, match="return None, or what call"):
        serve(handlers(lambda call: wrong), handed())


def test_a_forgotten_return_is_noticed():
    def handler(call):
        call.reply(1)

    with pytest.raises(HandlerError, match=r"handler of read returned None"):
        serve(handlers(handler), handed())


def test_the_table_says_what_is_handed_over_when():
    found = handlers(lambda call: None, sets=("read", "%network"))
    found.add(["read@64", "/^wri"], lambda call: None, at_exit=True)
    table = found.table()
    assert len(table) == 4
    assert {len(of_abi) for of_abi in table} == {1024}
    at = {name: table[0][syscall_number(name)] for name in ("read", "socket", "write", "open")}
    assert at == {"read": 3, "socket": 1, "write": 2, "open": 0}
    assert table[1][syscall_number("read", "i386")] == 1
    assert found.calls.names() >= {"read", "socket", "write", "writev"}


def test_sets_are_read_at_once():
    with pytest.raises(SelectionError, match="did you mean openat"):
        Handlers().add(["opnat"], lambda call: None, at_exit=False)
    with pytest.raises(ValueError, match="name the calls"):
        Handlers().add([], lambda call: None, at_exit=False)
