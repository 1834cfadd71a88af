from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from fasttrace._tally cimport ft_tally

cdef extern from "pthread.h" nogil:
    int pthread_atfork(
        void (*prepare)() noexcept nogil, void (*parent)() noexcept nogil,
        void (*child)() noexcept nogil)


cdef extern from "fasttrace.h" nogil:
    enum:
        FT_ABI_COUNT
        FT_NR_MAX
        FT_OPT_FOLLOW
        FT_OPT_EVENTS
        FT_OPT_TALLY
        FT_OPT_BY_PROCESS
        FT_OPT_PAYLOAD
        FT_OPT_ENTRY_ONLY
        FT_OPT_ENVIRONMENTS
        FT_OPT_PLACES
        FT_OPT_DESCRIPTORS
        FT_OPT_UNTIL_EXEC
        FT_OPT_VCPU_EXITS
        FT_STRING_LIMIT_MAX
        FT_PYTHON_FRAMES_MAX
        FT_PYTHON_OLD

    enum ft_stage:
        FT_STAGE_NONE
        FT_STAGE_FORK
        FT_STAGE_TRACE
        FT_STAGE_STDIO
        FT_STAGE_CWD
        FT_STAGE_FILTER
        FT_STAGE_SECCOMP
        FT_STAGE_EXEC
        FT_STAGE_COUNT

    const char *ft_stage_names[]

    enum ft_stop_how:
        FT_STOP_KILL
        FT_STOP_DETACH

    struct ft_event:
        pass

    struct ft_session:
        pass

    enum ft_engine_id:
        FT_ENGINE_PTRACE
        FT_ENGINE_INLINE
        FT_ENGINE_COUNT

    const char *ft_engine_names[]

    enum ft_fallback:
        FT_FALLBACK_STUCK
        FT_FALLBACK_COUNT

    const char *ft_fallback_reasons[]

    enum ft_inject:
        FT_INJECT_RETURN
        FT_INJECT_SIGNAL
        FT_INJECT_NUMBER
        FT_INJECT_DELAY_ENTER
        FT_INJECT_DELAY_EXIT
        FT_INJECT_POKE

    enum ft_hand_over:
        FT_HAND_ENTRY
        FT_HAND_EXIT

    struct ft_poke:
        const void *bytes
        uint32_t len
        uint8_t arg
        uint8_t at_exit

    struct ft_injection:
        uint32_t abi
        uint32_t nr
        uint32_t first
        uint32_t last
        uint32_t step
        uint32_t what
        int64_t ret
        int32_t signal
        uint32_t number
        uint64_t delay_enter_ns
        uint64_t delay_exit_ns
        const ft_poke *pokes
        size_t poke_count

    struct ft_config:
        uint32_t options
        uint32_t engine
        const uint16_t *policy[FT_ABI_COUNT]
        uint32_t string_limit
        uint32_t python_frames
        uint32_t execs_kept
        uint64_t pause_level
        const void *filter
        uint16_t filter_len
        uint32_t block_events
        uint32_t queue_blocks
        const ft_injection *injections
        size_t injection_count
        const uint8_t *handled[FT_ABI_COUNT]

    struct ft_command:
        const char *path
        char *const *argv
        char *const *envp
        const char *cwd
        int stdio[3]
        uint64_t default_signals
        uint64_t unblocked_signals
        const void *seccomp
        uint16_t seccomp_len
        uint32_t seccomp_flags

    struct ft_block:
        ft_event *events
        size_t count
        uint8_t *payload
        size_t payload_len
        uint64_t payload_base

    struct ft_process:
        int32_t pid
        int32_t ppid
        int32_t serial
        int32_t status
        uint64_t start_ns
        uint64_t end_ns
        uint64_t calls
        uint32_t argv
        uint32_t argv_len
        char comm[16]
        uint8_t engine
        uint8_t why
        uint32_t python

    struct ft_processes:
        ft_process *list
        size_t count
        char *strings
        size_t strings_len

    struct ft_stats:
        uint64_t events
        uint64_t taken
        uint64_t lost
        uint64_t calls
        uint64_t stops
        uint64_t waits_full
        uint64_t start_ns
        uint64_t end_ns
        int32_t root_pid
        int32_t root_status
        uint64_t altered
        int32_t error
        int32_t tasks

    enum:
        FT_REGISTERS_MAX

    struct ft_registers:
        uint64_t value[FT_REGISTERS_MAX]

    const char *ft_register_names[]
    const int ft_register_count

    struct ft_handed:
        int32_t tid
        int32_t pid
        int32_t nr
        uint8_t abi
        uint8_t at_exit
        uint64_t time_ns
        uint64_t args[6]
        int64_t ret
        ft_registers registers

    enum ft_answer_what:
        FT_ANSWER_REPLY
        FT_ANSWER_NUMBER
        FT_ANSWER_ARGS
        FT_ANSWER_DETACH
        FT_ANSWER_KILL

    struct ft_answer:
        uint32_t what
        int32_t signal
        int64_t reply
        uint64_t nr
        uint64_t args[6]
        uint64_t set
        ft_registers registers

    const char *ft_inline_unusable()
    int ft_become(const ft_command *command, ft_stage *stage)
    int ft_open(ft_session **out, const ft_config *config)
    int ft_spawn(ft_session *s, const ft_command *command, ft_stage *stage)
    int ft_attach(ft_session *s, int pid, ft_stage *stage)
    int ft_attach_all(ft_session *s, const int *pids, size_t count, ft_stage *stage, int *refused)
    int ft_stop(ft_session *s, ft_stop_how how)
    int ft_signal(ft_session *s, int sig)
    int ft_wait(ft_session *s, int64_t timeout_ns)
    void ft_close(ft_session *s)
    int ft_take(ft_session *s, int64_t timeout_ns, ft_block **out)
    void ft_block_free(ft_block *b)
    int ft_get_tally(ft_session *s, ft_tally **out)
    int ft_get_engine_calls(ft_session *s, ft_tally **out)
    int ft_find_process(ft_session *s, int pid, ft_process *out)
    int ft_get_processes(ft_session *s, ft_processes *out)
    void ft_processes_free(ft_processes *p)
    void ft_get_stats(ft_session *s, ft_stats *out)
    int ft_take_call(ft_session *s, int64_t timeout_ns, ft_handed *out)
    int ft_give_answer "ft_answer"(ft_session *s, int tid, const ft_answer *answer)
    int ft_get_registers(ft_session *s, int tid, int64_t timeout_ns, ft_registers *out)
    int ft_set_registers(ft_session *s, int tid, int64_t timeout_ns, uint64_t set,
                         const ft_registers *registers)
