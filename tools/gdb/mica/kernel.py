# SPDX-License-Identifier: MIT
# The kernel's objects. No offset stands here: layouts come from the debug information, and the
# addresses of the TCB array and of the map of RAM from what the kernel itself points to.
import gdb

STATES = ('absent', 'inactive', 'dying', 'ready', 'sending', 'receiving', 'locked')
PROTOCOLS = ('user', 'start', 'page_fault', 'io_fault', 'exception', 'interrupt', 'transfer_fault', 'preemption')
HALTED, SPENT = 1, 4  # stopped_by
ANY = (1 << 64) - 1
ANY_LOCAL = ANY & ~0x3f


def evaluate(name):
    return gdb.parse_and_eval(name)


def cpu():
    return evaluate('boot_cpu')


def is_booted():
    """Has the kernel begun to run threads? Before, its tables are empty."""
    try:
        return int(cpu()['idle']) != 0 and int(evaluate("'mica::thread_table::table'")['end']) != 0
    except gdb.MemoryError:
        return False


def _tcb_array():
    return cpu()['idle']  # TCB 0


def _count_of_numbers():
    table = evaluate("'mica::thread_table::table'")
    low, high = table['live'].type.range()
    return (high - low + 1) * _threads_a_page()


def _threads_a_page():
    return 4096 // gdb.lookup_type('mica::Thread').sizeof


class Thread:
    def __init__(self, value):
        value.fetch_lazy()
        self.value = value
        self.address = int(value.address)

    def word(self, name):
        return int(self.value[name])

    @property
    def id(self):
        return int(self.value['id']['raw'])

    @property
    def number(self):
        return self.id >> 32

    @property
    def version(self):
        return self.id & 0xffffffff

    @property
    def space(self):
        return int(self.value['space'])

    @property
    def state(self):
        return STATES[int(self.value['state'])]

    @property
    def protocol(self):
        return PROTOCOLS[int(self.value['protocol'])]

    @property
    def priority(self):
        return int(self.value['priority'])

    @property
    def is_interrupt(self):
        return self.protocol == 'interrupt' or self.space == 0

    @property
    def active(self):
        return self.state in STATES[3:]

    @property
    def is_receiving(self):
        return self.word('wait') != 0 or self.state == 'receiving'

    @property
    def awaits(self):
        """The id that it waits for."""
        wait = self.word('wait')
        return wait if wait != 0 else int(self.value['from']['raw'])

    @property
    def partner(self):
        """To whom it sends; None if it does not."""
        partner = self.value['partner']
        return Thread(partner.dereference()) if self.state == 'sending' and int(partner) != 0 else None

    @property
    def in_call(self):
        """It left by a system call: of its registers only those of the stack are of interest."""
        return int(self.value['by_iret']) == 0 and self.protocol not in ('start', 'exception', 'page_fault', 'io_fault')

    def tcr(self, name):
        """A word of its UTCB; 0 if it has none."""
        tcr = self.value['tcr']
        return int(tcr[name]) if int(tcr) != 0 else 0

    def senders(self):
        first = self.value['senders']
        at = first
        while int(at) != 0:
            sender = Thread(at.dereference())
            yield sender
            at = sender.value['queue']['next']
            if int(at) == int(first):
                return


def threads(interrupts=False):
    """All threads, by their numbers."""
    table = evaluate("'mica::thread_table::table'")
    array = _tcb_array()
    each = _threads_a_page()
    for page in range(int(table['end'])):
        if int(table['live'][page]) == 0:
            continue
        for number in range(page * each, (page + 1) * each):
            value = (array + number).dereference()
            if int(value['id']['raw']) == 0:
                continue
            thread = Thread(value)
            if interrupts or not thread.is_interrupt:
                yield thread


def find_id(raw, near=None):
    """The thread of a global id, or of an id that is local to the space of the thread `near`."""
    if raw in (0, ANY, ANY_LOCAL):
        return None
    if raw & 0x3f == 0:
        for thread in threads() if near is not None else ():
            if thread.space == near.space and thread.word('utcb') == raw:
                return thread
        return None
    number = raw >> 32
    if number >= _count_of_numbers():
        return None
    value = (_tcb_array() + number).dereference()
    return Thread(value) if int(value['id']['raw']) == raw else None


def current():
    """The thread that the CPU runs; None while it is idle."""
    running = cpu()['current']
    if int(running) in (0, int(cpu()['idle'])):
        return None
    return Thread(running.dereference())


class Space:
    def __init__(self, address):
        self.address = address
        self.value = gdb.Value(address).cast(gdb.lookup_type('mica::Space').pointer()).dereference()

    @property
    def is_sigma0(self):
        return bool(self.value['sigma0'])

    @property
    def threads(self):
        return [thread for thread in threads() if thread.space == self.address]


def spaces():
    """All spaces that have threads, in the order of their first threads."""
    seen = []
    for thread in threads():
        if thread.space != 0 and thread.space not in seen:
            seen.append(thread.space)
    return [Space(address) for address in seen]
