// SPDX-License-Identifier: MIT
// The pagers as the campaign probes them: each probe has a fresh dataspace, since those of most pagers
// end with them. Its memory is touched by a thread whose page faults come to the prober. So a pager
// that takes its pages along, at whatever moment, ends the probe and not the campaign.
#pragma once

#include "victims.h"

namespace campaign {

// Before the first probe. False: there is no thread.
bool begin_memory();

// Memory is filled with zeros, keeps what is written, and comes again when it was given away.
Answer probe_memory(l4::ThreadId server, Word n);
// The same with more than the pager has frames for.
Answer probe_paging(l4::ThreadId server, Word n);
// And it lies in a block that the pager has.
Answer probe_pinned(l4::ThreadId server, Word n);
// Of a dataspace and its copy, each keeps its own.
Answer probe_copies(l4::ThreadId server, Word n);
// A file has the bytes that the root server has.
Answer probe_files(l4::ThreadId server, Word n);

}  // namespace campaign
