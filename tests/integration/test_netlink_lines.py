"""Promise: messages of netlink are told as the installed strace tells them, also as data, whatever
lengths they say; what strace looks up elsewhere (names of interfaces) is the number that is there.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import ENGINES, FASTTRACE, Builder

import fasttrace

CALLS = "trace=socket,dup2,close,sendmsg,sendto,recvmsg"
# strace's text, what we write, why.
OTHERS = [
    (r", unused=0 /\* bits 3\.\.8 \*/", "", "-v: bits without a meaning"),
    (
        r"idiag_if=(?:\d+|if_nametoindex\(\"[^\"]*\"\))",
        "idiag_if=N",
        "names are looked up at no call",
    ),
    (r'"/run/socket"(?:\.\.\.)?', "NAME", "a name in the file system is whole"),
    (r"nlmsg_type=(?:pmcraid|0x12 /\* GENERIC_FAMILY_\?\?\? \*/)", "PMCRAID", "what is registered"),
    (
        r"res_id=(?:htons\(NFNL_SUBSYS_NFTABLES\)|0xa00)",
        "SUBSYSTEM",
        "-X raw: strace shows this one alone",
    ),
]


def told(words: list[str], program: str, file: Path) -> list[str]:
    """Its lines without tasks; numbers of ports and of interfaces made alike."""
    subprocess.run([*words, "-f", "-o", str(file), "-e", CALLS, program], check=True, timeout=60)
    text = re.sub(r"^\d+ +", "", file.read_text(), flags=re.M)
    text = re.sub(r'(_index=|RTA_.IF}, )if_nametoindex\("[^"]*"\)', r"\1N", text)
    text = re.sub(r"(_index=|RTA_.IF}, )[1-9]\d*", r"\1N", text)
    text = re.sub(r"nlmsg_pid=-?[1-9]\d*", "nlmsg_pid=P", text)
    return re.sub(r"0x[0-9a-f]{9,}", "ADDRESS", text).splitlines()


@pytest.mark.parametrize("options", [[], ["-s", "3"], ["-v"], ["-X", "raw"]], ids=" ".join)
@pytest.mark.parametrize("engine", ENGINES)
def test_messages_are_told_as_strace_tells_them(
    engine: str, options: list[str], tracees: Builder, tmp_path: Path
) -> None:
    """But where memory ends in one: that is an address."""
    program = tracees.command("netlink")[0]
    ours = [*FASTTRACE, "strace", "--engine", engine, *options]
    mine = told(ours, program, tmp_path / "mine")
    its = told(["strace", *options], program, tmp_path / "its")
    assert len(mine) == len(its)
    if options == ["-s", "3"]:  # of what sendto(2) is given no more is copied
        mine = [line for line in mine if not line.startswith("sendto")]
        its = [line for line in its if not line.startswith("sendto")]
    different = [(m, i) for m, i in zip(mine, its, strict=True) if m != i]
    faults = [(m, i) for m, i in different if "EFAULT" in m or "EPERM" in m]
    assert [one for one in different if one not in faults] == []
    assert [
        m for m, _ in faults if not re.search(r'iov_base=(ADDRESS|"[^"]*"\.\.\.), iov_len=32', m)
    ] == []
    assert len(faults) <= 1
    assert options or sum("nlmsg_type=RTM_" in line for line in mine) > 20


@pytest.mark.parametrize("options", [[], ["-s", "3"], ["-v"], ["-X", "raw"]], ids=" ".join)
@pytest.mark.parametrize("engine", ENGINES)
def test_messages_of_other_protocols_are_told_as_strace_tells_them(
    engine: str, options: list[str], tracees: Builder, tmp_path: Path
) -> None:
    """But what nlctrl is asked, which strace shows as bytes."""
    program = tracees.command("netlink_protocols")[0]
    ours = [*FASTTRACE, "strace", "--engine", engine, *options]
    mine, its = (
        told(words, program, tmp_path / words[0].rpartition("/")[2])
        for words in (ours, ["strace", *options])
    )
    assert len(mine) == len(its) > 100
    for pattern, new, _why in OTHERS:
        mine, its = ([re.sub(pattern, new, line) for line in lines] for lines in (mine, its))
    pairs = [(m, i) for m, i in zip(mine, its, strict=True) if not re.search("cmd=", m)]
    assert [(m, i) for m, i in pairs if m != i] == []
    assert len(mine) - len(pairs) in (2, 3)


CONNECTED = """
import socket, struct
listening = socket.create_server(("127.0.0.1", 0))
one = socket.create_connection(listening.getsockname())
asked = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)  # NETLINK_SOCK_DIAG
# Of TCP all that is connected, with INET_DIAG_INFO.
request = struct.pack("=BBBBI", socket.AF_INET, 6, 2, 0, 1 << 1) + bytes(48)
asked.send(struct.pack("=IHHII", 16 + len(request), 20, 0x301, 1, 0) + request)
asked.recvmsg(8192)
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_what_tcp_tells_of_a_connection_has_names(engine: str, tmp_path: Path) -> None:
    """strace 6.1 shows it as bytes. Without -v the more telling half of it."""
    for options in ([], ["-v"]):
        command = [*FASTTRACE, "strace", "--engine", engine, *options, "-f", "-e", CALLS]
        file = tmp_path / "told"
        subprocess.run(
            [*command, "-o", str(file), sys.executable, "-c", CONNECTED], check=True, timeout=60
        )
        text = file.read_text()
        assert (
            "nla_type=INET_DIAG_INFO}, {tcpi_state=TCP_ESTABLISHED, tcpi_ca_state=TCP_CA_" in text
        )
        assert re.search(
            r"tcpi_options=TCPI_OPT_\w+[|\w]*, tcpi_snd_wscale=\d+, tcpi_rcv_wscale=", text
        )
        assert re.search(r"tcpi_snd_mss=[1-9]\d+, tcpi_rcv_mss=[1-9]", text)
        assert ("tcpi_snd_wnd=" in text) == bool(options)


@pytest.mark.parametrize("engine", ENGINES)
def test_families_of_generic_netlink_are_told_by_their_attributes(
    engine: str, tracees: Builder, tmp_path: Path
) -> None:
    """Those that nest are followed as far as they are there."""
    program = tracees.command("netlink_protocols")[0]
    mine = told([*FASTTRACE, "strace", "--engine", engine], program, tmp_path / "mine")
    (asked,) = [line for line in mine if "CTRL_CMD_GETFAMILY" in line]
    assert (
        "{cmd=CTRL_CMD_GETFAMILY, version=1}, [[{nla_len=11, nla_type=CTRL_ATTR_FAMILY_NAME}, "
        '"nlctrl"], [{nla_len=6, nla_type=CTRL_ATTR_FAMILY_ID}, 16], '
        "[{nla_len=16, nla_type=NLA_F_NESTED|CTRL_ATTR_OPS}, [{nla_len=16, nla_type=0x1}, "
        "[{nla_len=8, nla_type=CTRL_ATTR_OP_ID}, 5]]], "
        "[{nla_len=20, nla_type=NLA_F_NESTED|CTRL_ATTR_OPS}, [{nla_len=65535, nla_type=0x1}, "
        "[{nla_len=65535, nla_type=CTRL_ATTR_OP_ID}, "
    ) in asked


def test_a_descriptor_that_is_something_else_now_has_no_messages(
    tracees: Builder, tmp_path: Path
) -> None:
    mine = told([*FASTTRACE, "strace"], tracees.command("netlink")[0], tmp_path / "mine")
    generic, other = [line for line in mine if line.startswith(("sendmsg(9", "sendto(9"))]
    assert "nlmsg_type=0x10 /* NLMSG_??? */" in generic
    assert "nlmsg" not in other


@pytest.mark.parametrize("engine", ENGINES)
def test_messages_are_data_where_descriptors_are(engine: str, tracees: Builder) -> None:
    trace = fasttrace.trace(tracees.command("netlink"), engine=engine, descriptors=True)
    sent = [call for call in trace.calls(descriptors=True) if call.name == "sendmsg"]
    found = [call.args["msg"]["msg_iov"][0]["iov_base"] for call in sent]
    head, link, attributes = next(one for one in found if "IFLA_QDISC" in str(one))
    assert (head["nlmsg_type"].text, head["nlmsg_seq"]) == ("RTM_NEWLINK", 7)
    assert link["ifi_index"] == 1
    assert [one[0]["nla_type"].text for one in attributes[3:5]] == ["IFLA_ADDRESS", "IFLA_LINK"]
    assert attributes[3][1] == "01:02:03:04:05:06"
    assert json.dumps(trace.to_records(descriptors=True)).count("RTM_NEWROUTE")
    plain = [
        call.args["msg"]["msg_iov"][0]["iov_base"]
        for call in trace.calls()
        if call.name == "sendmsg"
    ]
    assert not any("nlmsg" in str(one) for one in plain)
