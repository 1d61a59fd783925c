// SPDX-License-Identifier: MIT
// The PCI bus.
//
// Owns: the ports of the configuration space, the memory that the manifest calls its devices'
// (address registers outside of it are of no use to anybody), and each device that no
// driver has.
// Serves: mica::Pci under the name `pci` (argument name=). Who may see it may list the devices; who
// may have which is said by arguments `TASK=VENDOR:PRODUCT,...` with numbers of four
// hexadecimal digits.
// Trusts: the root server. A device does what its driver says and may write to any memory: a
// driver is trusted as far as its device reaches. When this server ends, devices' memory
// disappears from their drivers, who then end, too, and claim them again.
#include <mica/pci.h>
#include <mica/server.h>
#include <mica/tasks.h>
#include <runtime/io.h>
#include <runtime/program.h>

#include "devices.h"

namespace pci {

namespace {

using mica::Pci;
using mica::Root;

constexpr std::uint16_t address_port = 0xcf8, data_port = 0xcfc;

struct PortConfig {
  static std::uint32_t select(Address function, unsigned offset) {
    return 0x8000'0000 | std::uint32_t{function.raw} << 8 | (offset & 0xfc);
  }
  std::uint32_t read(Address function, unsigned offset) const {
    runtime::out32(address_port, select(function, offset));
    return runtime::in32(data_port);
  }
  void write(Address function, unsigned offset, std::uint32_t value) const {
    runtime::out32(address_port, select(function, offset));
    runtime::out32(data_port, value);
  }
};

constexpr unsigned page_order = 12, largest_order = 22;
constexpr Word page_size = 1 << page_order;

// Where memory of a device is in this space.
constexpr Word window_of(Word physical) { return (Word{1} << 46) + physical; }

class Bus {
 public:
  using Interface = Pci;
  struct Session {
    static constexpr unsigned most = 8;
    std::uint8_t devices[most] = {};  // by handle: the device's number + 1, 0 for none
    TaskId task;
  };
  using Client = mica::Client<Session>;

  void begin() { devices_.find(); }

  Result<mica::PciFunction> handle(Pci::function, Client&, Word n) {
    if (n >= devices_.size()) return Error::not_found;
    mica::PciFunction function = devices_.describe(n);
    if (!mica::alive(TaskId(function.driver))) function.driver = 0;
    return function;
  }

  Result<mica::PciRegion> handle(Pci::region, Client&, Word n, Word number) {
    if (n >= devices_.size() || number >= regions_per_function) return Error::not_found;
    const Region& region = devices_.at(n).regions[number];
    return mica::PciRegion{region.address, region.bytes, region.ports ? 1u : 0u};
  }

  Result<Word> handle(Pci::claim, Client& client, Word address) {
    if (address > 0xffff) return Error::not_found;
    const std::uint32_t identity =
        devices_.config().read(Address(static_cast<unsigned>(address)), reg::identity);
    if (!may_have(client.task, identity & 0xffff, identity >> 16)) return Error::denied;
    Word handle = 0;
    while (handle < Session::most && client.session->devices[handle] != 0) ++handle;
    if (handle == Session::most) return Error::no_room;
    const auto n = devices_.claim(address, client.task, mica::alive);
    if (!n) return n.error();
    unmap(devices_.at(*n));  // from a driver that has ended, if its space is still about to go
    client.session->devices[handle] = static_cast<std::uint8_t>(*n + 1);
    client.session->task = client.task;
    return handle;
  }

  Result<void> handle(Pci::release, Client& client, Word handle) {
    const auto n = number_of(client, handle);
    if (!n) return n.error();
    client.session->devices[handle] = 0;
    devices_.release(*n);
    unmap(devices_.at(*n));
    return {};
  }

  Result<mica::Map> handle(Pci::map, Client& client, Word handle, Word number, Word offset, Word order) {
    const auto n = number_of(client, handle);
    if (!n) return n.error();
    if (number >= regions_per_function || order < page_order || order > largest_order)
      return Error::bad_argument;
    const Device& device = devices_.at(*n);
    const Word bytes = Word{1} << order, room = devices_.mappable(*n, static_cast<unsigned>(number));
    if (offset % bytes != 0 || offset >= room || bytes > room - offset) return Error::bad_argument;
    if (device.table_within(static_cast<unsigned>(number), offset, offset + bytes)) return Error::denied;
    return pages(device.regions[number].address + offset, static_cast<unsigned>(order));
  }

  Result<mica::PciCapability> handle(Pci::capability, Client& client, Word handle, Word n) {
    const auto number = number_of(client, handle);
    if (!number) return number.error();
    Result<mica::PciCapability> found = Error::not_found;
    for_each_capability(devices_.config(), devices_.at(*number).address, [&](const Capability& capability) {
      if (n-- != 0) return false;
      found = mica::PciCapability{capability.id, capability.offset};
      return true;
    });
    return found;
  }

  Result<Word> handle(Pci::read_config, Client& client, Word handle, Word offset) {
    const auto n = number_of(client, handle);
    if (!n) return n.error();
    if (offset % 4 != 0 || offset >= config_bytes) return Error::bad_argument;
    return Word{devices_.config().read(devices_.at(*n).address, static_cast<unsigned>(offset))};
  }

  Result<void> handle(Pci::write_config, Client& client, Word handle, Word offset, Word value) {
    const auto n = number_of(client, handle);
    if (!n) return n.error();
    if (offset % 4 != 0 || offset >= config_bytes || value >> 32 != 0) return Error::bad_argument;
    const Address address = devices_.at(*n).address;
    if (!is_vendors(devices_.config(), address, static_cast<unsigned>(offset))) return Error::denied;
    devices_.config().write(address, static_cast<unsigned>(offset), static_cast<std::uint32_t>(value));
    return {};
  }

  Result<void> handle(Pci::set_master, Client& client, Word handle, Word on) {
    const auto n = number_of(client, handle);
    if (!n) return n.error();
    if (on > 1) return Error::bad_argument;
    set_command(devices_.config(), devices_.at(*n).address, on != 0 ? command::master : 0,
                on != 0 ? 0 : command::master);
    return {};
  }

  Result<void> handle(Pci::set_message, Client& client, Word handle, Word number, Word address, Word data) {
    const auto n = number_of(client, handle);
    if (!n) return n.error();
    if (!is_message(address, data)) return Error::bad_argument;
    const Device& device = devices_.at(*n);
    if (number >= (device.table.entries != 0 ? device.table.entries : device.msi ? 1u : 0u))
      return Error::not_found;
    if (device.table.entries == 0) {
      set_msi(devices_.config(), device.address, address, static_cast<std::uint32_t>(data));
      return {};
    }
    const Word entry = device.regions[device.table.region].address + device.table.offset + 16 * number;
    const auto page = pages(entry & ~(page_size - 1), page_order);
    if (!page) return page.error();
    enable_msi_x(devices_.config(), device.address);
    reinterpret_cast<MessageEntry*>(window_of(entry))->set(address, static_cast<std::uint32_t>(data));
    return {};
  }

  Result<Word> handle(Pci::use_line, Client& client, Word handle) {
    const auto n = number_of(client, handle);
    if (!n) return n.error();
    const Word line = devices_.line(devices_.at(*n));
    if (line == 0) return Error::not_found;
    disable_messages(devices_.config(), devices_.at(*n).address);
    set_command(devices_.config(), devices_.at(*n).address, 0, command::no_line);
    return line;
  }

  Result<void> handle(Pci::silence, Client&) {
    devices_.release_dead(mica::alive);
    return {};
  }

  // A driver is no more.
  void close(Session& session) {
    for (const std::uint8_t place : session.devices) {
      if (place == 0 || devices_.at(place - 1u).driver != session.task) continue;
      devices_.release(place - 1u);
      unmap(devices_.at(place - 1u));
    }
  }

 private:
  Result<Word> number_of(const Client& client, Word handle) const {
    if (handle >= Session::most || client.session->devices[handle] == 0) return Error::not_found;
    return Word{client.session->devices[handle]} - 1;
  }

  // Do the arguments give such a device to tasks of that name? Only those of the manifest have a name.
  static bool may_have(TaskId task, Word vendor, Word product) {
    const auto info = mica::info_of(task);
    if (!info || !info->parent.is_none()) return false;
    return list_has(mica::argument(info->name), vendor, product);
  }

  // Pages of a device's memory, which this space gets first.
  static Result<mica::Map> pages(Word physical, unsigned order) {
    const mica::Window window{l4::Fpage::memory(window_of(physical), order)};
    const auto mapped =
        mica::map_call<Root::device_memory>(mica::root_server(), window, physical, Word{order});
    if (!mapped) return mapped.error();
    return mica::Map{l4::Fpage::memory(window_of(physical), order, l4::read_write)};
  }

  static void unmap(const Device& device) {
    for (const Region& region : device.regions) {
      if (region.bytes == 0 || region.ports) continue;
      const auto order =
          static_cast<unsigned>(__builtin_ctzll(region.bytes < page_size ? page_size : region.bytes));
      const Word low = window_of(region.address) & ~(page_size - 1);
      Word mr[8] = {l4::Fpage::memory(low, order, l4::full_access).raw};
      l4_unmap_registers(0, mr);
    }
  }

  Devices<PortConfig> devices_{PortConfig{}};
};

constinit Bus bus;

}  // namespace

}  // namespace pci

int main() {
  pci::bus.begin();
  mica::serve(pci::bus, mica::argument("name", "pci"));
}
