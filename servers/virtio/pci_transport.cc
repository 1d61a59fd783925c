// SPDX-License-Identifier: MIT
#include "pci_transport.h"

namespace virtio {

namespace {

constexpr Word page_size = 0x1000, windows = Word{1} << 41;
constexpr std::uint16_t no_vector = 0xffff;

}  // namespace

const char* PciTransport::find(std::initializer_list<Word> products) {
  Error last = Error::not_found;
  for (Word n = 0;; ++n) {
    const auto function = pci_.call_again<Pci::function>(n);
    if (function.error() == Error::not_found) break;
    if (!function) return mica::text(function.error());
    if (function->vendor != vendor) continue;
    bool fits = false;
    for (const Word product : products) fits = fits || function->product == product;
    if (!fits) continue;
    const auto handle = pci_.call<Pci::claim>(function->address);
    last = handle.error();
    if (!handle) continue;
    handle_ = *handle;
    return map_structures() ? nullptr : "it has no registers of virtio 1.0";
  }
  return last == Error::not_found ? "there is no device" : mica::text(last);
}

bool PciTransport::map_structures() {
  for (Word n = 0;; ++n) {
    const auto capability = pci_.call<Pci::capability>(handle_, n);
    if (!capability) break;
    if (capability->id != 9) continue;
    std::uint32_t words[5] = {};
    for (Word i = 0; i < 5 && capability->offset + 4 * i < 256; ++i) {
      words[i] = static_cast<std::uint32_t>(
          pci_.call<Pci::read_config>(handle_, capability->offset + 4 * i).value_or(0));
    }
    const Place place = place_of(words);
    if (place.kind != 0 && places_[place.kind].kind == 0)
      places_[place.kind] = place;  // the first of a kind counts
  }
  common_ = reinterpret_cast<CommonConfig*>(map(places_[Place::common], 0, sizeof(CommonConfig), windows));
  isr_ = reinterpret_cast<volatile std::uint8_t*>(map(places_[Place::isr], 0, 1, windows + page_size));
  config_ =
      reinterpret_cast<volatile std::uint32_t*>(map(places_[Place::device], 0, 8, windows + 2 * page_size));
  return common_ != nullptr && isr_ != nullptr && config_ != nullptr && places_[Place::notify].kind != 0;
}

Word PciTransport::map(const Place& place, std::uint64_t offset, Word bytes, Word window) {
  if (place.kind == 0 || !place.has(offset, bytes)) return 0;
  const Word at = place.offset + offset;
  if (at % page_size + bytes > page_size || at % (bytes < 8 ? bytes : 4) != 0) return 0;
  const auto server = pci_.server();
  if (!server) return 0;
  const mica::Window page{l4::Fpage::page(window)};
  const auto mapped =
      mica::map_call<Pci::map>(*server, page, handle_, Word{place.region}, at & ~(page_size - 1), Word{12});
  return mapped ? window + at % page_size : 0;
}

bool PciTransport::attach_interrupt() {
  const l4::ThreadId root = mica::root_server();
  if (const auto message = mica::call<mica::Root::attach_message_interrupt>(root, Word{0})) {
    messages_ = pci_.call<Pci::set_message>(handle_, Word{0}, message->address, message->data).ok();
    if (messages_) return true;
  }
  const auto line = pci_.call<Pci::use_line>(handle_);
  return line && mica::call<mica::Root::attach_interrupt>(root, *line, Word{0}).ok();
}

std::uint64_t PciTransport::features() {
  common_->device_feature_select = 0;
  const std::uint64_t low = common_->device_feature;
  common_->device_feature_select = 1;
  return std::uint64_t{common_->device_feature} << 32 | low;
}

void PciTransport::accept(std::uint64_t features) {
  for (const unsigned half : {0u, 1u}) {
    common_->driver_feature_select = half;
    common_->driver_feature = static_cast<std::uint32_t>(features >> 32 * half);
  }
}

unsigned PciTransport::queue_size() {
  common_->queue_select = 0;
  return common_->num_queues == 0 ? 0 : common_->queue_size;
}

bool PciTransport::start_queue(unsigned size, std::uint64_t descriptors, std::uint64_t driver,
                               std::uint64_t device) {
  const std::uint16_t vector = messages_ ? 0 : no_vector;
  common_->msix_config = vector;
  common_->queue_select = 0;
  common_->queue_size = static_cast<std::uint16_t>(size);
  common_->queue_msix_vector = vector;
  if (common_->msix_config != vector || common_->queue_msix_vector != vector) return false;
  const auto set = [](volatile std::uint32_t(&place)[2], std::uint64_t address) {
    place[0] = static_cast<std::uint32_t>(address);
    place[1] = static_cast<std::uint32_t>(address >> 32);
  };
  set(common_->queue_descriptors, descriptors);
  set(common_->queue_driver, driver);
  set(common_->queue_device, device);
  const Place& place = places_[Place::notify];
  const std::uint64_t offset = std::uint64_t{place.multiplier} * common_->queue_notify_off;
  notify_ = reinterpret_cast<volatile std::uint16_t*>(map(place, offset, 2, windows + 3 * page_size));
  if (notify_ == nullptr) return false;
  common_->queue_enable = 1;
  return true;
}

// Again while it changes.
std::uint64_t PciTransport::sectors() {
  std::uint64_t value = 0;
  for (unsigned tries = 0; tries < 1000; ++tries) {
    const std::uint8_t generation = common_->config_generation;
    value = std::uint64_t{config_[1]} << 32 | config_[0];
    if (common_->config_generation == generation) break;
  }
  return value;
}

}  // namespace virtio
