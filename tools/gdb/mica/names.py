# SPDX-License-Identifier: MIT
# What tasks and programs are called: the root server maps each of its tasks a page that says so
# (include/mica/task.h), and the programs' files are in the build folder.
import os

import gdb

from . import kernel, pages

TASK_PAGE = 0xbfd00000
TASK_PAGE_SIZE, NAME, PROGRAM = 0x80, slice(0x20, 0x40), slice(0x40, 0x80)


def _text(data):
    text = data.split(b'\0')[0]
    return text.decode() if text.isascii() and text.decode('ascii', 'replace').isprintable() else ''


def _first_number():
    """Of the threads that users have: sigma0's."""
    return min((t.number for t in kernel.threads() if kernel.Space(t.space).is_sigma0), default=0)


def task(space):
    """The name of a space's task and of its program's file, each '' if it is unknown."""
    if space.is_sigma0:
        return 'sigma0', 'sigma0.elf'
    if any(t.number == _first_number() + 2 for t in space.threads):
        return 'root', os.path.basename(root_program())
    page = pages.Tables(space).read(TASK_PAGE, TASK_PAGE_SIZE)
    return (_text(page[NAME]), _text(page[PROGRAM])) if page else ('', '')


def space_name(address):
    """For people: the task's name, or the number of its first thread."""
    space = kernel.Space(address)
    name, _ = task(space)
    return name or 'space of %d' % min(t.number for t in space.threads)


def thread_name(thread):
    return '%d (%s)' % (thread.number, space_name(thread.space))


def id_name(raw, near=None):
    if raw == kernel.ANY:
        return 'anybody'
    if raw == kernel.ANY_LOCAL:
        return 'any thread of its space'
    if raw == 0:
        return 'nobody'
    thread = kernel.find_id(raw, near)
    if thread is None:
        return 'id %#x, which is none now' % raw
    return 'interrupt %d' % thread.number if thread.is_interrupt else thread_name(thread)


def binaries():
    """The build folder: two above kernel.elf."""
    for objfile in gdb.objfiles():
        if objfile.filename and os.path.basename(objfile.filename) == 'kernel.elf':
            return os.path.dirname(os.path.dirname(os.path.abspath(objfile.filename)))
    return ''


def root_program():
    return os.environ.get('MICA_ROOT') or os.path.join(binaries(), 'servers/root/root.elf')


def find_program(name):
    """The path of a program of the build; None."""
    if name == os.path.basename(root_program()):
        return root_program()
    for folder, _, files in os.walk(binaries()):
        if name in files:
            return os.path.join(folder, name)
    return None


def find_space(text):
    """A space by its task's name, the number of one of its threads, or its address."""
    number = int(text, 0) if text[:1].isdigit() else None
    for space in kernel.spaces():
        if number is None:
            if text in (task(space)[0], task(space)[1]):
                return space
        elif number == space.address or any(t.number == number for t in space.threads):
            return space
    raise gdb.GdbError('no space is called %s; mica spaces lists them' % text)


def find_thread(text):
    """A thread by its number or id, or the first one of the task of that name."""
    if not text[:1].isdigit():
        return min(find_space(text).threads, key=lambda t: t.number)
    number = int(text, 0)
    for thread in kernel.threads():
        if number in (thread.number, thread.id):
            return thread
    raise gdb.GdbError('there is no thread %s; mica threads lists them' % text)
