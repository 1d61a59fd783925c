# SPDX-License-Identifier: MIT
# The commands. docs/debugging.md shows them.
import os
import shutil
import tempfile
import threading
import time

import gdb

from . import kernel, names, pages, partners, snapshot

_folder = tempfile.TemporaryDirectory(prefix='mica-gdb-')  # gone with gdb


class Prefix(gdb.Command):
    """Mica's threads, spaces and messages."""

    def __init__(self):
        super().__init__('mica', gdb.COMMAND_DATA, prefix=True)


class Command(gdb.Command):
    """What all have in common: they look at the machine, not at a snapshot of a space."""
    needs_threads = True
    machine = 1  # the inferior that is the machine

    def __init__(self, name):
        super().__init__('mica ' + name, gdb.COMMAND_DATA)
        self.name = name

    def invoke(self, text, from_tty):
        words = gdb.string_to_argv(text)
        leave_snapshot()
        if self.needs_threads and not kernel.is_booted():
            raise gdb.GdbError('the kernel has no threads yet: mica until "a text", or mica idle')
        self.run(words)

    def usage(self, words, least, most):
        if not least <= len(words) <= most:
            raise gdb.GdbError('use: ' + self.__doc__.split('\n')[0])


def leave_snapshot():
    if gdb.selected_inferior().num == Command.machine:
        return
    number = gdb.selected_inferior().num
    with gdb.with_parameter('suppress-cli-notifications', True):
        gdb.execute('core-file', to_string=True)
        gdb.execute('inferior %d' % Command.machine, to_string=True)
        gdb.execute('remove-inferiors %d' % number, to_string=True)


class Threads(Command):
    """mica threads: all threads: task, priority, what they do, their pagers."""

    def run(self, words):
        self.usage(words, 0, 0)
        running = kernel.current()
        print('thread  task             priority  pager    does')
        for thread in kernel.threads():
            pager = kernel.find_id(thread.tcr('pager'), thread)
            print('%6d  %-16s %8d  %-7s  %s' % (thread.number, names.space_name(thread.space), thread.priority,
                                               pager.number if pager else '-', partners.doing(thread, running)))
        if running is None:
            print('The CPU is idle.')


class Spaces(Command):
    """mica spaces: all address spaces: task, program, threads, memory."""

    def run(self, words):
        self.usage(words, 0, 0)
        print('space               task             program              threads  active  KiB mapped  kernel KiB')
        for space in kernel.spaces():
            name, program = names.task(space)
            mapped = sum(leaf.size for leaf in pages.Tables(space).leaves() if leaf.kind != 'kernel')
            print('%#-18x  %-16s %-20s %7d %7d %11d %11d' % (
                space.address, name or names.space_name(space.address), program or '-',
                int(space.value['thread_count']), int(space.value['active_count']), mapped // 1024,
                int(space.value['pool']['used_']) * 4))


class Mappings(Command):
    """mica mappings SPACE: what a space has mapped, by whom; SPACE: a task's name, a thread's number, an address."""

    def run(self, words):
        self.usage(words, 1, 1)
        space = names.find_space(words[0])
        print('address              size         physical        rights  mapped by')
        for mapping in pages.Tables(space).mappings():
            by = mapping.kind if mapping.kind == 'kernel' else names.space_name(mapping.parent) if mapping.parent else '-'
            if mapping.kind == 'device':
                by += ', device'
            print('%#-18x %6d KiB  %#-18x  %-6s  %s' % (mapping.first, mapping.size // 1024, mapping.physical,
                                                      mapping.rights, by))
        for mapping in pages.Tables(space).mappings(ports=True):
            by = names.space_name(mapping.parent) if mapping.parent else '-'
            print('port %#-13x %6d ports                    %-6s  %s' % (mapping.first, mapping.size, mapping.rights, by))


class Partners(Command):
    """mica partners: who waits for whom in IPC, who is queued, and circles."""

    def run(self, words):
        self.usage(words, 0, 0)
        running = kernel.current()
        for thread in kernel.threads():
            queue = list(thread.senders())
            if partners.waits_for(thread) is None and not queue:
                continue
            print('%s %s' % (names.thread_name(thread), partners.doing(thread, running)))
            for sender in queue:
                print('    queued: %s' % ('interrupt %d' % sender.number if sender.is_interrupt
                                          else names.thread_name(sender)))
        for cycle in partners.cycles():
            print('circle: ' + ' -> '.join(names.thread_name(t) for t in cycle + cycle[:1]))


class ThreadContext(Command):
    """mica thread ID: a thread's registers and backtrace; gdb then looks at its space, until `mica kernel`."""

    def run(self, words):
        self.usage(words, 1, 1)
        thread = names.find_thread(words[0])
        if not thread.active:
            raise gdb.GdbError('thread %s is inactive: it has no registers' % names.thread_name(thread))
        space = kernel.Space(thread.space)
        running = kernel.current()
        registers, remark = snapshot.user_registers(thread, running)
        print('thread %s, priority %d, %s' % (names.thread_name(thread), thread.priority,
                                              partners.doing(thread, running)))
        if remark:
            print('(%s)' % remark)
        shown = [name for name in snapshot.SAVED + ('rsp', 'eflags') if name in registers]
        for i in range(0, len(shown), 4):
            print('  '.join('%6s %#-18x' % (name, registers[name]) for name in shown[i:i + 4]).rstrip())
        program = names.find_program(names.task(space)[1])
        folder = tempfile.mkdtemp(dir=_folder.name)
        core = os.path.join(folder, 'core')
        snapshot.write(core, space, program)
        # gdb 13 stops with an internal problem when a file is the program of one inferior and has
        # been added to another one.
        copy = shutil.copy(program, folder) if program else None
        if program and os.path.exists(program + '.debug'):
            shutil.copy(program + '.debug', folder)
        self.look_at(core, copy, thread.number)

    def look_at(self, core, program, number):
        with gdb.with_parameter('suppress-cli-notifications', True):
            gdb.execute('add-inferior -no-connection', to_string=True)
            latest = max(i.num for i in gdb.inferiors())
            gdb.execute('inferior %d' % latest, to_string=True)
            with gdb.with_parameter('osabi', 'GNU/Linux'):  # whose core files these are
                if program:
                    gdb.execute('file %s' % program, to_string=True)
                gdb.execute('core-file %s' % core, to_string=True)
            for thread in gdb.selected_inferior().threads():
                if number in thread.ptid[:2]:
                    thread.switch()
        gdb.execute('backtrace')


class Kernel(Command):
    """mica kernel: back from a thread's context to the machine."""
    needs_threads = False

    def run(self, words):
        self.usage(words, 0, 0)


def go_on(seconds, enough):
    """Lets the machine run until enough() or so many seconds have passed; enough's result. It looks
    at no memory of the machine, which runs."""
    done = threading.Event()
    found = []

    def watch():
        end = time.monotonic() + seconds
        while not done.is_set():
            if enough():
                found.append(True)
            if found or time.monotonic() > end:
                gdb.post_event(lambda: gdb.execute('interrupt'))
                return
            time.sleep(0.02)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        gdb.execute('continue', to_string=True)
    finally:
        done.set()
        watcher.join()
    return bool(found)


class Until(Command):
    """mica until TEXT [SECONDS]: go on until the serial line has shown TEXT, for at most so long (60)."""
    needs_threads = False

    def run(self, words):
        self.usage(words, 1, 2)
        log = os.environ.get('MICA_SERIAL')
        if not log:
            raise gdb.GdbError('MICA_SERIAL does not name the file with the serial output')

        def shown():
            with open(log, encoding='utf-8', errors='replace') as file:
                return words[0] in file.read()

        if not go_on(float(words[1]) if len(words) == 2 else 60, shown):
            raise gdb.GdbError('the serial line has not shown "%s"' % words[0])


class Idle(Command):
    """mica idle [SECONDS]: go on until no thread runs, for at most so long (60)."""
    needs_threads = False

    def run(self, words):
        self.usage(words, 0, 1)
        end = time.monotonic() + (float(words[0]) if words else 60)
        while not (kernel.is_booted() and kernel.current() is None):
            if time.monotonic() > end:
                raise gdb.GdbError('threads run all the time')
            go_on(0.1, lambda: False)


Prefix()
Threads('threads')
Spaces('spaces')
Mappings('mappings')
Partners('partners')
ThreadContext('thread')
Kernel('kernel')
Until('until')
Idle('idle')
