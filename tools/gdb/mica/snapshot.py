# SPDX-License-Identifier: MIT
# A space as a core file. gdb sees one address space, the one that is loaded; a core file shows it
# any other with the registers of all its threads, and changes nothing in the machine.
import struct

import gdb

from . import kernel, pages

REGISTERS = ('r15', 'r14', 'r13', 'r12', 'rbp', 'rbx', 'r11', 'r10', 'r9', 'r8', 'rax', 'rcx', 'rdx', 'rsi', 'rdi',
             'orig_rax', 'rip', 'cs', 'eflags', 'rsp', 'ss', 'fs_base', 'gs_base', 'ds', 'es', 'fs', 'gs')
SAVED = ('rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15', 'rip')
USER_CS, USER_SS = 0x2b, 0x23
WHOLE = 8 << 20      # a space with no more than that is taken completely
STACK_PAGES = 64     # else the image, and so much of each stack
IMAGE = 64 << 20


def user_registers(thread, running):
    """The registers that the thread will go on with, and a remark about them."""
    if running is not None and thread.address == running.address:
        frame = gdb.newest_frame()
        if int(frame.read_register('cs')) & 3 == 3:
            names = SAVED + ('rsp', 'eflags')
            return {name: int(frame.read_register(name)) & (1 << 64) - 1 for name in names}, 'it runs'
        remark = 'it is in the kernel now: these are what it came with'
    else:
        remark = ''
    values = {name: int(thread.value['regs'][name]) for name in SAVED}
    values.update(rsp=thread.word('rsp'), eflags=thread.word('rflags'), fs_base=thread.word('fs_base'))
    if not thread.in_call:
        return values, remark
    # It goes on behind the call of the stub. Other registers are results, which are still to come.
    top = pages.Tables(kernel.Space(thread.space)).read(values['rsp'], 8)
    kept = {name: values[name] for name in ('rsp', 'eflags', 'fs_base')}
    kept['rip'] = struct.unpack('<Q', top)[0] if top else values['rip']
    kept['rsp'] += 8
    return kept, remark or 'it is in a system call: the registers not shown will be results of it'


def _note(kind, data):
    data += b'\0' * (-len(data) % 4)
    return struct.pack('<III', 5, len(data), kind) + b'CORE\0\0\0\0' + data


def _status(number, registers):
    values = dict(registers, cs=USER_CS, ss=USER_SS)
    words = struct.pack('<27Q', *(values.get(name, 0) for name in REGISTERS))
    return _note(1, struct.pack('<32xI76x', number) + words + bytes(8))


def _wanted(leaves, threads, image):
    """The leaves that go into the file."""
    readable = [leaf for leaf in leaves if leaf.kind != 'device']
    if sum(leaf.size for leaf in readable) <= WHOLE:
        return readable
    places = [image] if image else []
    places += [(sp & ~4095, (sp & ~4095) + STACK_PAGES * 4096) for sp in threads]
    return [leaf for leaf in readable
            if leaf.kind == 'kernel' or any(leaf.first < high and low < leaf.first + leaf.size and leaf.size == 4096
                                            for low, high in places)]


def _runs(leaves, ram):
    """What stands there: pairs of an address and bytes."""
    first = at = 0
    data = []
    for leaf in leaves:
        try:
            content = pages.read(ram + leaf.physical, leaf.size)
        except gdb.MemoryError:  # the kernel's image is not in its map of RAM: the kernel interface page
            continue
        if data and leaf.first != at:
            yield first, b''.join(data)
            data = []
        if not data:
            first = leaf.first
        data.append(content)
        at = leaf.first + leaf.size
    if data:
        yield first, b''.join(data)


def image_of(program):
    """From the first to the last page of an ELF file's segments."""
    with open(program, 'rb') as file:
        head = file.read(64)
        offset, = struct.unpack_from('<Q', head, 32)
        size, count = struct.unpack_from('<HH', head, 54)
        file.seek(offset)
        table = file.read(size * count)
    segments = []
    for i in range(count):
        kind, _, _, address, _, _, memory = struct.unpack_from('<IIQQQQQ', table, i * size)
        if kind == 1:
            segments.append((address, address + memory))
    low, high = min(s[0] for s in segments), max(s[1] for s in segments)
    return low & ~4095, min(high + 4095 & ~4095, low + IMAGE)


def write(path, space, program):
    """Writes the core file of a space; its threads' numbers are what gdb calls LWPs."""
    running = kernel.current()
    threads = [t for t in space.threads if t.active]
    registers = {t.number: user_registers(t, running)[0] for t in threads}
    notes = b''.join(_status(number, registers[number]) for number in sorted(registers))
    tables = pages.Tables(space)
    leaves = _wanted(list(tables.leaves()), [r['rsp'] for r in registers.values()],
                     image_of(program) if program else None)
    runs = list(_runs(leaves, tables.ram))
    count = 1 + len(runs)
    at = 64 + 56 * count
    headers = struct.pack('<IIQQQQQQ', 4, 0, at, 0, 0, len(notes), 0, 4)
    at += len(notes)
    for first, data in runs:
        headers += struct.pack('<IIQQQQQQ', 1, 7, at, first, 0, len(data), len(data), 1)
        at += len(data)
    with open(path, 'wb') as file:
        file.write(b'\x7fELF\2\1\1' + bytes(9) +
                   struct.pack('<HHIQQQIHHHHHH', 4, 62, 1, 0, 64, 0, 0, 64, 56, count, 0, 0, 0))
        file.write(headers + notes)
        for _, data in runs:
            file.write(data)
