"""The syscall tables of the C core, for every ABI, as Python sees them."""

# Calls from number NR_MAX - 1 on share what there is for that one.
NR_MAX = FT_NR_MAX
# The largest error number.
ERRNO_MAX = FT_ERRNO_MAX
ABIS = tuple([(<bytes>ft_abi_names[i]).decode() for i in range(FT_ABI_COUNT)])


def _classes():
    cdef int i = 0
    bits = {}
    while ft_syscall_classes[i] is not NULL:
        bits[(<bytes>ft_syscall_classes[i]).decode()] = 1 << i
        i += 1
    return bits


# Class name, without its first %, to its bit in classes().
CLASSES = _classes()


cdef const ft_syscall *at(long abi, long long nr) noexcept:
    if abi < 0 or nr < 0:
        return NULL
    return ft_syscall_at(<unsigned>abi, <uint64_t>nr)


def name(long abi, long long nr):
    """The call's name, or None."""
    cdef const ft_syscall *c = at(abi, nr)
    return None if c is NULL else (<bytes>c.name).decode()


def number(long abi, str name not None):
    """The call's number, or None."""
    cdef bytes encoded
    cdef int nr
    if abi < 0 or not name.isascii() or "\0" in name:
        return None  # as no name is
    encoded = name.encode()
    nr = ft_syscall_number(<unsigned>abi, encoded)
    return None if nr < 0 else nr


def signature(long abi, long long nr):
    """The arguments as (name, C type) pairs, or None."""
    cdef const ft_syscall *c = at(abi, nr)
    if c is NULL:
        return None
    text = (<bytes>c.args).decode()
    pairs = []
    for arg in text.split(", ") if text else ():
        cut = len(arg)
        while cut and (arg[cut - 1].isalnum() or arg[cut - 1] == "_"):
            cut -= 1
        pairs.append((arg[cut:], arg[:cut].strip()))
    return tuple(pairs)


def names(long abi):
    """All names of an ABI, by number."""
    cdef const ft_syscall_table *t = ft_syscall_table_of(<unsigned>max(abi, -1))
    cdef size_t nr
    if t is NULL:
        return {}
    return {nr: (<bytes>t.calls[nr].name).decode()
            for nr in range(t.count) if t.calls[nr].name is not NULL}


def classes(long abi, long long nr):
    """The bits of CLASSES that the call belongs to; 0 for an unknown call."""
    cdef const ft_syscall *c = at(abi, nr)
    return 0 if c is NULL else c.classes


def path_args(long abi, long long nr):
    """Bit i: argument i is a path that can be read when the call begins."""
    cdef const ft_syscall *c = at(abi, nr)
    return 0 if c is NULL else c.path_args


def capture_program(long abi, long long nr, *, bint paths):
    """The number of the program that copies what the call's arguments point to, or only its paths;
    0: there is nothing to copy."""
    cdef const ft_syscall *c = at(abi, nr)
    if c is NULL:
        return 0
    return c.paths if paths else c.capture


def policy(long abi, bytes recorded not None, *, bint programs, bint paths):
    """What the C core is to do with each call: NR_MAX numbers of 16 bits.

    recorded: bit nr: the call is wanted. programs: what its arguments point to is copied, too;
    paths: as in `capture_program`.
    """
    cdef uint16_t table[FT_NR_MAX]
    cdef const unsigned char *wanted = recorded
    cdef const ft_syscall *c
    cdef int nr
    if len(recorded) != FT_NR_MAX // 8:
        raise ValueError(f"a set of calls has {FT_NR_MAX} bits")
    for nr in range(FT_NR_MAX):
        table[nr] = 0
        if wanted[nr // 8] >> nr % 8 & 1:
            table[nr] = FT_POLICY_RECORD
            c = at(abi, nr) if programs else NULL
            if c is not NULL:
                table[nr] |= (c.paths if paths else c.capture) * FT_POLICY_PROGRAM
    return (<unsigned char *>table)[:sizeof(table)]
