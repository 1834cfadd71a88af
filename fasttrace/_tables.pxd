from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "fasttrace.h" nogil:
    enum:
        FT_POLICY_RECORD
        FT_POLICY_PROGRAM


cdef extern from "tables/tables.h" nogil:
    enum:
        FT_ABI_COUNT
        FT_NR_MAX
        FT_ERRNO_MAX

    struct ft_syscall:
        const char *name
        const char *args
        uint32_t classes
        uint8_t nargs
        uint8_t path_args
        uint16_t paths
        uint16_t capture

    struct ft_syscall_table:
        const ft_syscall *calls
        size_t count
        const uint16_t *by_name
        size_t names

    const char *const ft_abi_names[]
    const char *const ft_syscall_classes[]
    const ft_syscall_table *ft_syscall_table_of "ft_syscall_table"(unsigned abi)
    const ft_syscall *ft_syscall_at "ft_syscall"(unsigned abi, uint64_t nr)
    int ft_syscall_number(unsigned abi, const char *name)
