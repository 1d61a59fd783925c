// SPDX-License-Identifier: MIT
#include "service.h"

#include <l4/misc.h>
#include <l4/pagefault.h>

namespace sigma0 {

namespace {

using l4::Word;

// To begin with; more are taken from the memory that sigma0 manages.
Ownership::Pair first_memory_nodes[1024];
Ownership::Pair first_port_nodes[256];
constexpr unsigned node_block_order = 16;

alignas(4096) char kip_copy[4096];

// Interrupt controllers and their timers, whatever the firmware's map says. The
// last one is also where devices write to raise message-signalled interrupts.
struct Range {
  Address first, last;
};
constexpr Range interrupt_controllers[] = {
    {0xfec00000, 0xfecfffff},  // I/O APICs
    {0xfed00000, 0xfed003ff},  // HPET
    {0xfee00000, 0xfeefffff},  // local APICs
};

Kind kind_of(const L4_MemoryDesc_t& descriptor) {
  switch (L4_MemoryDescType(&descriptor) & 0xf) {
    case L4_ConventionalMemoryType: return Kind::conventional;
    case L4_BootLoaderSpecificMemoryType: return Kind::image;
    case L4_ReservedMemoryType: return Kind::never;
    default: return Kind::device;
  }
}

// Not memset: to the compiler a page at address 0 is no object.
void clear(Address base, unsigned order) {
  Word words = Word{1} << (order - 3);
  asm volatile("rep stosq" : "+D"(base), "+c"(words) : "a"(0) : "memory");
}

void reply(l4::Words& message, l4::Fpage given, Word base) {
  const L4_MapItem_t item = L4_MapItem(given, base);
  message[0] = l4::Tag::make(0, 0, 2).raw;
  message[1] = item.raw[0];
  message[2] = item.raw[1];
}

bool asks_for_any(l4::Fpage wanted) { return wanted.raw >> 10 == ~Word{0} >> 10; }

bool known_attribute(Word attribute) {
  switch (attribute) {
    case L4_WriteBackMemory:
    case L4_WriteThroughMemory:
    case L4_UncacheableMemory:
    case L4_WriteCombiningMemory:
    case L4_WriteProtectedMemory: return true;
    default: return false;
  }
}

// Without the kernel's help there is only what the machine's own range registers say:
// memory is written back, devices are not cached.
bool set_attribute(l4::Fpage given, Word attribute, Kind kind) {
  if (attribute == L4_DefaultMemory || L4_Set_PageAttribute(given, attribute) == 1) return true;
  return attribute == (kind == Kind::device ? L4_UncacheableMemory : L4_WriteBackMemory);
}

}  // namespace

Service::Service() {
  memory_.add_nodes(first_memory_nodes);
  ports_.add_nodes(first_port_nodes);
  const void* const kip = L4_GetKernelInterface();
  __builtin_memcpy(kip_copy, kip, sizeof(kip_copy));
  for (Word i = 0; i < L4_NumMemoryDescriptors(kip); ++i) {
    const L4_MemoryDesc_t& descriptor = *L4_MemoryDesc(kip, i);
    if (L4_IsMemoryDescVirtual(&descriptor)) continue;
    memory_.describe(L4_MemoryDescLow(&descriptor), L4_MemoryDescHigh(&descriptor), kind_of(descriptor));
  }
  for (const Range& range : interrupt_controllers) memory_.describe(range.first, range.last, Kind::never);
  // RAM at the addresses of these two pages of its own is out of its reach.
  for (const void* const page : {kip, static_cast<const void*>(l4_utcb())}) {
    const Address low = reinterpret_cast<Address>(page) & ~Address{0xfff};
    memory_.describe(low, low + 0xfff, Kind::never);
  }
  const L4_RootServer_t& self = l4_kip(kip)->Sigma0;
  memory_.describe(self.low, self.high - 1, Kind::never);
}

bool Service::answer(l4::ThreadId client, l4::Words& message) {
  const l4::Tag tag = message.tag();
  if (tag.typed() != 0 || tag.untyped() < 2) return false;
  if (tag.is(L4_Sigma0RequestLabel) && message[2] == L4_Sigma0Exclude) return exclude(client, message), true;
  if (client.number() >= excluded_from_) {
    if (tag.is(L4_Sigma0RequestLabel)) return reply(message, l4::Fpage::nil(), 0), true;
    return false;
  }
  if (tag.is(L4_Sigma0RequestLabel)) return request(client, message), true;
  if (tag.is(L4_PageFaultLabel)) return page_fault(client, message);
  if (tag.is(L4_IoFaultLabel)) return io_fault(client, message);
  if (tag.is(L4_Sigma0DumpLabel)) return pool_dump(client, message);
  return false;
}

void Service::exclude(l4::ThreadId client, l4::Words& message) {
  const bool allowed = client.number() == L4_ThreadIdUserBase(nullptr) + 2;
  if (allowed) excluded_from_ = message[1];
  message = l4::Words(l4::Tag::make(0, 1), allowed ? 1 : 0);
}

void Service::request(l4::ThreadId client, l4::Words& message) {
  const l4::Fpage wanted{message[1]};
  const Word attribute = message[2];
  if (wanted.is_io()) return reply(message, give_ports(client, wanted), 0);
  if (attribute == L4_Sigma0KernelInterfacePage) {
    return reply(message, l4::Fpage::page(reinterpret_cast<Word>(kip_copy), l4::read), wanted.base());
  }
  const bool extended = (wanted.raw & L4_Sigma0Extended) != 0 && message.tag().untyped() >= 3;
  const l4::Fpage given = give_memory(client, wanted, extended ? message[3] : 0, attribute);
  reply(message, given, given.base());
}

l4::Fpage Service::give_memory(l4::ThreadId client, l4::Fpage wanted, Word high_bits, Word attribute) {
  if (attribute != L4_DefaultMemory && !known_attribute(attribute)) return l4::Fpage::nil();
  keep_enough_nodes();
  const unsigned order = wanted.size_field();
  Address base = wanted.base();
  if (asks_for_any(wanted)) {
    const auto any = memory_.claim_any(order, client.raw);
    if (!any) return l4::Fpage::nil();
    base = *any;
    clear(base, order);
  } else {
    if (high_bits >> 15 != 0 || (high_bits != 0 && base >> 32 != 0)) return l4::Fpage::nil();
    base |= high_bits << 32;
    const auto every_kind = [](Kind) { return true; };
    if (!memory_.claim(base, order, client.raw, every_kind, clear)) return l4::Fpage::nil();
  }
  const l4::Fpage given = l4::Fpage::memory(base, order, l4::full_access);
  return set_attribute(given, attribute, memory_.look(base).first) ? given : l4::Fpage::nil();
}

l4::Fpage Service::give_ports(l4::ThreadId client, l4::Fpage wanted) {
  const auto every_kind = [](Kind) { return true; };
  const auto nothing = [](Address, unsigned) {};
  if (!ports_.claim(wanted.base(), wanted.order(), client.raw, every_kind, nothing)) return l4::Fpage::nil();
  return l4::Fpage::io(wanted.base(), wanted.order(), l4::read_write);
}

bool Service::page_fault(l4::ThreadId client, l4::Words& message) {
  const Address page = message[1] & ~Address{0xfff};
  // A null pointer finds nothing; who wants page 0 can ask for it.
  if (page == 0) return false;
  keep_enough_nodes();
  const auto ram = [](Kind kind) { return kind == Kind::conventional || kind == Kind::image; };
  // To go on without the page it would only fault again, so the thread gets no answer.
  if (!memory_.claim(page, 12, client.raw, ram, clear)) return false;
  reply(message, l4::Fpage::page(page, l4::full_access), page);
  return true;
}

bool Service::io_fault(l4::ThreadId client, l4::Words& message) {
  const l4::Fpage wanted{message[1]};
  if (!wanted.is_io()) return false;
  const l4::Fpage given = give_ports(client, wanted);
  if (given.is_nil()) return false;
  reply(message, given, 0);
  return true;
}

// A debugging aid of existing X.2 programs: word 1 is 1 to set how much is printed,
// 2 for a dump. There is nowhere to print to; whoever waits for the end is told.
bool Service::pool_dump(l4::ThreadId client, l4::Words& message) {
  const Word user_base = L4_ThreadIdUserBase(nullptr);
  const bool known = client.number() < user_base || client.number() == user_base + 2;
  if (!known || message[1] != 2 || message[2] == 0) return false;
  message[0] = l4::Tag::make(0, 0).raw;
  return true;
}

void Service::keep_enough_nodes() {
  if (memory_.free_nodes() >= 4 * Ownership::max_depth) return;
  const auto block = memory_.claim_any(node_block_order, l4::ThreadId::self().raw);
  if (!block) return;
  clear(*block, node_block_order);
  memory_.add_nodes({reinterpret_cast<Ownership::Pair*>(*block),
                     (std::size_t{1} << node_block_order) / sizeof(Ownership::Pair)});
}

}  // namespace sigma0
