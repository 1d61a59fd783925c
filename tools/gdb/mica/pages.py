# SPDX-License-Identifier: MIT
# Page tables and the mapping database, and memory of spaces that are not loaded, all through the
# kernel's map of RAM.
import struct

import gdb

from . import kernel

PRESENT, WRITABLE, LARGE, FIXED, DEVICE = 1 << 0, 1 << 1, 1 << 7, 1 << 9, 1 << 10  # mica::entry
NO_EXECUTE = 1 << 63
FRAME_MASK = 0x000ffffffffff000
LINK_UNIT = 32  # seam.h


def read(address, size):
    return bytes(gdb.selected_inferior().read_memory(address, size))


def _map_of_ram():
    """Where physical address 0 is mapped: a page table's place less its physical address."""
    for thread in kernel.threads():
        root = int(kernel.Space(thread.space).value['memory']['root_']) if thread.space else 0
        if root != 0 and thread.word('cr3') != 0:
            return root - thread.word('cr3')
    raise gdb.GdbError('no thread has an address space yet')


class Mapping:
    """Pages, or ports, that follow each other in a space and in what they come from."""

    def __init__(self, first, physical, size, value, parent, ports):
        self.first, self.physical, self.size, self.value = first, physical, size, value
        self.parent = parent  # address of the space that it comes from; 0: the kernel, or none
        self.ports = ports

    @property
    def rights(self):
        if self.ports:
            return 'io'
        return 'r' + ('w' if self.value & WRITABLE else '-') + ('-' if self.value & NO_EXECUTE else 'x')

    @property
    def kind(self):
        return 'kernel' if self.value & FIXED else 'device' if self.value & DEVICE else ''

    def continues(self, other):
        return (other.first == self.first + self.size and other.physical == self.physical + self.size and
                (other.rights, other.kind, other.parent) == (self.rights, self.kind, self.parent))


class Tables:
    """Walks through the tables of a space."""

    def __init__(self, space):
        self.space = space
        self.ram = _map_of_ram()
        node = gdb.lookup_type('mica::TableNode')
        self.links_offset = next(f.bitpos // 8 for f in node.fields() if f.name == 'links')

    def _parent(self, link):
        """Of the mapping node `link`: the space that its parent is in."""
        mapping = gdb.lookup_type('mica::Mapping').pointer()
        node = gdb.Value(self.ram + link * LINK_UNIT).cast(mapping).dereference()
        above = int(node['parent'])
        if above == 0:
            return 0
        above = gdb.Value(self.ram + above * LINK_UNIT).cast(mapping).dereference()
        return self.ram + int(above['space']) * LINK_UNIT

    def _leaves(self, table, level, first, unit, ports):
        entries = struct.unpack('<512Q', read(table, 4096))
        links = None
        for index, value in enumerate(entries):
            if value & PRESENT == 0:
                continue
            at = first + index * (unit << 9 * level)
            if level > 0 and value & LARGE == 0:
                yield from self._leaves(self.ram + (value & FRAME_MASK), level - 1, at, unit, ports)
                continue
            if links is None:
                links = struct.unpack('<512I', read(table + self.links_offset, 2048))
            physical = at if ports else value & FRAME_MASK & ~((unit << 9 * level) - 1)
            parent = 0 if value & FIXED else self._parent(links[index])
            yield Mapping(at, physical, unit << 9 * level, value, parent, ports)

    def leaves(self, ports=False):
        tree = self.space.value['ports' if ports else 'memory']
        root = int(tree['root_'])
        if root == 0:
            return
        levels, unit = (2, 1) if ports else (4, 4096)
        for index, value in enumerate(struct.unpack('<512Q', read(root, 4096))[:128 if ports else 256]):
            if value & PRESENT:
                yield from self._leaves(self.ram + (value & FRAME_MASK), levels - 2,
                                        index * (unit << 9 * (levels - 1)), unit, ports)

    def mappings(self, ports=False):
        """The same, those that belong together as one."""
        run = None
        for leaf in self.leaves(ports):
            if run is not None and run.continues(leaf):
                run.size += leaf.size
                continue
            if run is not None:
                yield run
            run = leaf
        if run is not None:
            yield run

    def read(self, address, size):
        """Memory of the space; None if a page of it is not there or no RAM."""
        found = b''
        while size > 0:
            part = min(size, 4096 - address % 4096)
            place = self._walk(address)
            if place is None:
                return None
            found += read(place, part)
            address, size = address + part, size - part
        return found

    def _walk(self, address):
        table = int(self.space.value['memory']['root_'])
        for level in (3, 2, 1, 0):
            shift = 12 + 9 * level
            value = struct.unpack('<Q', read(table + (address >> shift & 0x1ff) * 8, 8))[0]
            if value & PRESENT == 0:
                return None
            if level == 0 or (level < 3 and value & LARGE):
                if value & DEVICE:
                    return None
                base = value & FRAME_MASK & ~((1 << shift) - 1)
                return self.ram + base + (address & ((1 << shift) - 1))
            table = self.ram + (value & FRAME_MASK)
        return None
