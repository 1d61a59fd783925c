// SPDX-License-Identifier: MIT
// A virtio device on the PCI bus: its registers, which the PCI server maps.
#pragma once

#include <mica/connection.h>
#include <mica/pci.h>

#include "virtio.h"

namespace virtio {

using mica::Error;
using mica::Pci;
using mica::Word;

class PciTransport {
 public:
  // Claims the first device with one of these product numbers that is to be had, and finds its
  // structures. Null, or why there is none.
  const char* find(std::initializer_list<Word> products);

  // Interrupts by messages if the device and the manifest have any, else by its line, to thread 0.
  // False: neither.
  [[nodiscard]] bool attach_interrupt();
  bool uses_messages() const { return messages_; }
  void set_master() { (void)pci_.call<Pci::set_master>(handle_, Word{1}); }
  // Reading it withdraws an interrupt of the line.
  void acknowledge() {
    if (!messages_) (void)*isr_;
  }

  std::uint8_t status() { return common_->device_status; }
  void set_status(std::uint8_t value) { common_->device_status = value; }
  std::uint64_t features();
  void accept(std::uint64_t features);
  unsigned queue_size();
  template <typename Rings>
  bool start_queue(unsigned size, const Rings& rings) {
    return start_queue(size, rings.descriptors, rings.available, rings.used);
  }
  void notify() { *notify_ = 0; }
  std::uint64_t sectors();

 private:
  bool map_structures();
  // The structure of so many bytes, if it lies within one page of the device's memory.
  Word map(const Place& place, std::uint64_t offset, Word bytes, Word window);
  bool start_queue(unsigned size, std::uint64_t descriptors, std::uint64_t driver, std::uint64_t device);

  mica::Connection<Pci> pci_{"pci"};
  Word handle_ = 0;
  Place places_[5] = {};  // by kind
  CommonConfig* common_ = nullptr;
  volatile std::uint16_t* notify_ = nullptr;
  volatile std::uint8_t* isr_ = nullptr;
  volatile std::uint32_t* config_ = nullptr;
  bool messages_ = false;
};

}  // namespace virtio
