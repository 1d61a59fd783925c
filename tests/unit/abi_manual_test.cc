// SPDX-License-Identifier: MIT
// The tables of docs/manual/abi.md against the headers: errors, the offsets of the UTCB and of
// the kernel interface page, the tags of the kernel's messages, the registers of an exception.
#include <doctest/doctest.h>
#include <l4/kip.h>
#include <l4/misc.h>
#include <l4/pagefault.h>
#include <l4/sigma0.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "abi.h"
#include "kip.h"

using namespace mica;

namespace {

using Cells = std::vector<std::string>;

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" `"), last = text.find_last_not_of(" `");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

// The rows of the table with this head, behind the heading.
std::vector<Cells> table(const std::string& heading, const std::string& head) {
  std::ifstream in(MICA_ABI_MANUAL);
  std::vector<Cells> rows;
  bool under = false, inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#")) under = line.substr(line.find_first_not_of("# ")) == heading;
    if (under && line == head) inside = true;
    else if (inside && !line.starts_with("|")) break;
    else if (inside && !line.starts_with("|---")) {
      Cells cells;
      for (std::size_t at = 1, end = 0; (end = line.find('|', at)) != std::string::npos; at = end + 1) {
        cells.push_back(trimmed(line.substr(at, end - at)));
      }
      rows.push_back(cells);
    }
  }
  REQUIRE_MESSAGE(!rows.empty(), "no table: ", head);
  return rows;
}

std::size_t offset_of(const std::string& text) { return std::stoul(text, nullptr, 16); }

// The row whose first cell names this offset, alone, in a list or as a range's beginning.
const Cells* row_at(const std::vector<Cells>& rows, std::size_t offset) {
  for (const Cells& cells : rows) {
    std::string text = cells[0];
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t end = std::min(text.find(',', at), text.size());
      if (offset_of(text.substr(at, end - at)) == offset) return &cells;
      at = end + 1;
    }
  }
  return nullptr;
}

}  // namespace

TEST_CASE("abi manual: errors of Ipc, with the words in which they come") {
  const auto rows = table("Errors", "| code | word in send / receive phase | meaning |");
  CHECK(rows.size() == static_cast<std::size_t>(IpcError::aborted));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto error = static_cast<IpcError>(i + 1);
    CHECK(rows[i][0] == std::to_string(i + 1));
    CHECK(rows[i][1] == std::to_string(ipc_error_word(Phase::send, error)) + " / " +
                            std::to_string(ipc_error_word(Phase::receive, error)));
  }
}

TEST_CASE("abi manual: errors of the other calls") {
  const std::map<std::string, CallError> names = {{"no privilege", CallError::no_privilege},
                                                  {"invalid thread", CallError::invalid_thread},
                                                  {"invalid space", CallError::invalid_space},
                                                  {"invalid scheduler", CallError::invalid_scheduler},
                                                  {"invalid parameter", CallError::invalid_parameter},
                                                  {"UTCB area", CallError::utcb_area},
                                                  {"KIP area", CallError::kip_area},
                                                  {"no memory", CallError::no_memory}};
  const auto rows = table("Errors", "| code | name |");
  CHECK(rows.size() == names.size());
  for (const Cells& cells : rows) {
    CAPTURE(cells[1]);
    REQUIRE(names.contains(cells[1]));
    CHECK(cells[0] == std::to_string(static_cast<int>(names.at(cells[1]))));
  }
}

TEST_CASE("abi manual: the UTCB's fields are where they are") {
  const auto rows = table("UTCB", "| offset | word from MR0 | field | the kernel |");
  const std::map<std::string, std::size_t> fields = {
      {"MyGlobalId", offsetof(Utcb, my_global_id)},
      {"ProcessorNo", offsetof(Utcb, processor)},
      {"UserDefinedHandle", offsetof(Utcb, user_defined_handle)},
      {"Pager", offsetof(Utcb, pager)},
      {"ExceptionHandler", offsetof(Utcb, exception_handler)},
      {"ErrorCode", offsetof(Utcb, error_code)},
      {"XferTimeouts", offsetof(Utcb, xfer_timeouts)},
      {"IntendedReceiver", offsetof(Utcb, intended_receiver)},
      {"VirtualSender / ActualSender", offsetof(Utcb, virtual_sender)},
      {"coprocessor flags", offsetof(Utcb, coprocessor_flags)},
      {"MR0 .. MR63", offsetof(Utcb, mr)}};
  for (const auto& [name, offset] : fields) {
    CAPTURE(name);
    const Cells* const row = row_at(rows, offset);
    REQUIRE(row != nullptr);
    CHECK((*row)[2] == name);
  }
  for (const Cells& cells : rows) {
    if (cells[1].empty() || cells[1].find_first_not_of("-0123456789") != std::string::npos) continue;
    CHECK(static_cast<long>(offset_of(cells[0])) ==
          static_cast<long>(utcb_mr_offset) + 8 * std::stol(cells[1]));
  }
}

TEST_CASE("abi manual: the kernel interface page's fields are where they are") {
  const auto rows = table("Kernel interface page", "| offset | field | value |");
  const std::map<std::size_t, std::string> fields = {
      {offsetof(Kip, sigma0), "sigma0"},
      {offsetof(Kip, root_task), "root task"},
      {offsetof(Kip, memory_info), "MemoryInfo"},
      {offsetof(Kip, utcb_info), "UtcbInfo"},
      {offsetof(Kip, boot_info), "BootInfo"},
      {offsetof(Kip, thread_info), "ThreadInfo"},
      {offsetof(L4_KernelInterfacePage_t, ProcessorInfo), "ProcessorInfo"},
      {offsetof(Kip, space_control), "SpaceControl"},
      {offsetof(Kip, schedule), "Schedule"},
      {offsetof(Kip, processors), "processor descriptor"},
      {offsetof(Kip, kernel_id), "kernel id"},
      {offsetof(Kip, memory), "memory descriptors"}};
  for (const auto& [offset, name] : fields) {
    CAPTURE(name);
    const Cells* const row = row_at(rows, offset);
    REQUIRE(row != nullptr);
    CHECK((*row)[1].find(name) != std::string::npos);
  }
}

TEST_CASE("abi manual: tags of the kernel's messages") {
  const std::map<std::string, MsgTag> tags = {
      {"page fault", MsgTag::make(label_page_fault, 2)}, {"I/O fault", MsgTag::make(label_io_fault, 2)},
      {"preemption", MsgTag::make(label_preemption, 2)}, {"exception", MsgTag::make(label_exception, 20)},
      {"interrupt", MsgTag::make(label_interrupt, 0)},   {"sigma0 request", MsgTag::make(label_sigma0, 0)}};
  std::size_t found = 0;
  for (const Cells& cells : table("Protocols", "| message | from / to | tag | words |")) {
    if (!tags.contains(cells[0])) continue;
    ++found;
    CAPTURE(cells[0]);
    CHECK(std::stoull(cells[2], nullptr, 16) == tags.at(cells[0]).raw);
  }
  CHECK(found == tags.size());
  CHECK(L4_Sigma0RequestLabel == label_sigma0);
}

TEST_CASE("abi manual: registers of an exception's message") {
  const std::map<std::string, int> places = {{"RIP", L4_ExcRip},
                                             {"RBX", L4_ExcRbx},
                                             {"R10", L4_ExcR10},
                                             {"R12", L4_ExcR12},
                                             {"R13", L4_ExcR13},
                                             {"R14", L4_ExcR14},
                                             {"R15", L4_ExcR15},
                                             {"RAX", L4_ExcRax},
                                             {"RCX", L4_ExcRcx},
                                             {"RDX", L4_ExcRdx},
                                             {"RSI", L4_ExcRsi},
                                             {"RDI", L4_ExcRdi},
                                             {"RBP", L4_ExcRbp},
                                             {"R8", L4_ExcR8},
                                             {"R9", L4_ExcR9},
                                             {"R11", L4_ExcR11},
                                             {"RSP", L4_ExcRsp},
                                             {"RFLAGS", L4_ExcRflags},
                                             {"exception number", L4_ExcNumber},
                                             {"error code", L4_ExcErrorCode}};
  std::map<std::string, int> told;
  for (const Cells& cells : table("Protocols", "| MR | | MR | | MR | | MR | |")) {
    for (std::size_t i = 0; i + 1 < cells.size(); i += 2) told[cells[i + 1]] = std::stoi(cells[i]);
  }
  CHECK(told == places);
}

TEST_CASE("abi manual: memory attributes") {
  std::map<std::string, std::string> told;
  for (const Cells& cells : table("MemoryControl", "| attribute | memory type |")) told[cells[0]] = cells[1];
  const auto attributes = [](std::initializer_list<unsigned long> list) {
    std::string text;
    for (const unsigned long a : list) text += (text.empty() ? "" : ", ") + std::to_string(a);
    return text;
  };
  CHECK(told.at(attributes({L4_DefaultMemory})).starts_with("default"));
  CHECK(told.at(attributes({L4_WriteBackMemory, L4_WriteThroughMemory, L4_UncacheableMemory})) ==
        "write back, write through, uncacheable");
  CHECK(told.at(attributes({L4_WriteCombiningMemory, L4_WriteProtectedMemory})) ==
        "write combining, write protected");
}
