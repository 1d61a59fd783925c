// SPDX-License-Identifier: MIT
// The functions that were found, and whose they are.
#pragma once

#include <mica/pci.h>
#include <mica/task.h>
#include <ukernel/boot/fixed_vector.h>

#include "messages.h"

namespace pci {

using mica::Error;
using mica::Result;
using mica::TaskId;
using mica::Word;

struct Device {
  Address address;
  Regions regions{};
  MessageTable table{};
  bool msi = false;
  TaskId driver;

  // Is part of the table of MSI-X, which is the server's own, in these pages of the region?
  bool table_within(unsigned region, Word low, Word high) const {
    constexpr Word page = 0x1000;
    if (table.entries == 0 || table.region != region) return false;
    return low < ((table.end() + page - 1) & ~(page - 1)) && high > (table.offset & ~(page - 1));
  }
};

template <typename Config>
class Devices {
 public:
  static constexpr unsigned most = 64;

  constexpr explicit Devices(Config config) : config_(config) {}

  // Finds them; those beyond the table's room are left out. They are silent, whatever the firmware has
  // done with them or drivers that a server before this one knew; bridges pass on what others do.
  void find() {
    for_each_function(config_, [this](Address address) {
      Device device;
      device.address = address;
      device.regions = read_regions(config_, address);
      device.table = message_table(config_, address, device.regions);
      device.msi = has_msi(config_, address);
      if (!is_bridge(config_, address)) silence(device);
      (void)devices_.push(device);
    });
  }

  Word size() const { return devices_.size(); }
  Device& at(Word n) { return devices_[n]; }

  mica::PciFunction describe(Word n) {
    const Device& device = devices_[n];
    const std::uint32_t identity = config_.read(device.address, reg::identity);
    return {device.address.raw, identity & 0xffff,
            identity >> 16,     config_.read(device.address, reg::class_code) >> 8,
            line(device),       device.table.entries != 0 ? device.table.entries : device.msi ? 1u : 0u,
            device.driver.raw};
  }

  // As Pci::claim, for a task that may have it; the result is the number of the device.
  template <typename Alive>
  Result<Word> claim(Word address, TaskId task, Alive&& alive) {
    for (Word n = 0; n < devices_.size(); ++n) {
      Device& device = devices_[n];
      if (device.address.raw != address) continue;
      if (!device.driver.is_none() && alive(device.driver)) return Error::busy;
      silence(device);
      set_command(config_, device.address, command::memory, 0);
      device.driver = task;
      return n;
    }
    return Error::not_found;
  }

  void release(Word n) {
    silence(devices_[n]);
    devices_[n].driver = {};
  }

  // As Pci::silence.
  template <typename Alive>
  void release_dead(Alive&& alive) {
    for (Word n = 0; n < devices_.size(); ++n) {
      if (!devices_[n].driver.is_none() && !alive(devices_[n].driver)) release(n);
    }
  }

  // The INTx line, 0 if there is none.
  Word line(const Device& device) {
    if (header_type(config_, device.address) != 0) return 0;
    const std::uint32_t interrupt = config_.read(device.address, reg::interrupt);
    return (interrupt >> 8 & 0xff) == 0 || (interrupt & 0xff) == 0xff ? 0 : interrupt & 0xff;
  }

  // The bytes of a memory region that a driver may have mapped: whole pages in which no other
  // region is. 0: there are none.
  Word mappable(Word n, unsigned number) const {
    constexpr Word page = 0x1000;
    const Region& region = devices_[n].regions[number];
    if (region.ports || region.bytes == 0 || region.address % page != 0) return 0;
    if (region.bytes >= page) return region.bytes;
    for (Word k = 0; k < devices_.size(); ++k) {
      for (unsigned i = 0; i < regions_per_function; ++i) {
        const Region& other = devices_[k].regions[i];
        const bool in_page =
            !other.ports && other.bytes != 0 && other.address / page == region.address / page;
        if (in_page && (k != n || i != number)) return 0;
      }
    }
    return page;
  }

  Config& config() { return config_; }

 private:
  // It does nothing of its own accord any more.
  void silence(const Device& device) {
    set_command(config_, device.address, command::no_line, command::master);
    disable_messages(config_, device.address);
  }

  Config config_;
  mica::FixedVector<Device, most> devices_;
};

// Does a list such as `1af4:1042,8086:7010` have the device?
constexpr bool list_has(std::string_view list, Word vendor, Word product) {
  const auto number = [&list] {
    Word value = 0;
    unsigned digits = 0;
    for (; !list.empty() && digits < 5; list.remove_prefix(1), ++digits) {
      const char c = static_cast<char>(list.front() | 0x20);
      if (c >= '0' && c <= '9') value = value * 16 + static_cast<Word>(c - '0');
      else if (c >= 'a' && c <= 'f') value = value * 16 + static_cast<Word>(c - 'a' + 10);
      else break;
    }
    return digits == 4 ? value : ~Word{0};
  };
  const auto skip = [&list](char c) {
    if (list.empty() || list.front() != c) return false;
    list.remove_prefix(1);
    return true;
  };
  for (;;) {
    const Word first = number();
    if (!skip(':')) return false;
    const Word second = number();
    if (first == vendor && second == product) return true;
    if (!skip(',')) return false;
  }
}

}  // namespace pci
