# SPDX-License-Identifier: MIT
# Who waits for whom.
from . import kernel, names

WHAT = {'page_fault': 'its page fault', 'io_fault': 'its I/O fault', 'exception': 'its exception',
        'transfer_fault': 'a page fault in a message', 'preemption': 'its preemption'}


def doing(thread, current=None):
    """What a thread does, in a few words."""
    if not thread.active:
        return thread.state
    if thread.word('stopped') & kernel.HALTED:
        return 'halted'
    if thread.word('stopped') & kernel.SPENT:
        return 'its total quantum is spent'
    if current is not None and thread.address == current.address:
        return 'runs'
    if thread.protocol == 'start':
        return 'waits to be started by ' + names.id_name(thread.awaits, thread)
    about = WHAT.get(thread.protocol, '')
    if thread.state == 'sending':
        to = names.thread_name(thread.partner) if thread.partner else '?'
        return 'sends %sto %s' % (about + ' ' if about else '', to)
    if thread.is_receiving:
        if about:
            return 'waits for %s, about %s' % (names.id_name(thread.awaits, thread), about)
        return 'receives from ' + names.id_name(thread.awaits, thread)
    if thread.state == 'locked':
        return 'is in the middle of a message'
    return 'ready'


def waits_for(thread):
    """The one thread that has to do something before this one goes on; None."""
    if not thread.active:
        return None
    if thread.state == 'sending':
        return thread.partner
    return kernel.find_id(thread.awaits, thread) if thread.is_receiving else None


def cycles():
    """Threads that wait for each other in a circle: none of them will ever go on."""
    after = {}
    by_number = {}
    for thread in kernel.threads():
        partner = waits_for(thread)
        by_number[thread.number] = thread
        if partner is not None and not partner.is_interrupt and not _accepts(partner, thread):
            after[thread.number] = partner.number
    done = set()
    for start in after:
        path = []
        at = start
        while at in after and at not in done:
            done.add(at)
            path.append(at)
            at = after[at]
        if at in path:
            yield [by_number[n] for n in path[path.index(at):]]


def _accepts(partner, thread):
    """Would `partner` take a message of `thread` now?"""
    return partner.is_receiving and partner.awaits in (kernel.ANY, thread.id) and thread.state == 'sending'
