// SPDX-License-Identifier: MIT
// Virtio 1.0: what all devices of it have in common.
#pragma once

#include <cstddef>
#include <cstdint>

namespace virtio {

inline constexpr std::uint16_t vendor = 0x1af4;

namespace status {
inline constexpr std::uint8_t acknowledge = 1, driver = 2, driver_ok = 4, features_ok = 8, needs_reset = 0x40,
                              failed = 0x80;
}

namespace feature {
inline constexpr std::uint64_t version_1 = std::uint64_t{1} << 32;
}

// The registers of a device, as the capability `common` has them.
struct CommonConfig {
  volatile std::uint32_t device_feature_select, device_feature;
  volatile std::uint32_t driver_feature_select, driver_feature;
  volatile std::uint16_t msix_config, num_queues;
  volatile std::uint8_t device_status, config_generation;
  volatile std::uint16_t queue_select;
  volatile std::uint16_t queue_size, queue_msix_vector;
  volatile std::uint16_t queue_enable, queue_notify_off;
  volatile std::uint32_t queue_descriptors[2], queue_driver[2], queue_device[2];  // low, high
};
static_assert(sizeof(CommonConfig) == 56 && offsetof(CommonConfig, queue_descriptors) == 32);

// A capability of the vendor's that says where in the device's memory a structure is.
struct Place {
  enum Kind : std::uint8_t { common = 1, notify = 2, isr = 3, device = 4 };
  std::uint8_t kind = 0, region = 0;
  std::uint32_t offset = 0, bytes = 0;
  std::uint32_t multiplier = 0;  // of `notify`: from one queue's address to the next one's

  // Is there a structure of so many bytes at `at`?
  constexpr bool has(std::uint64_t at, std::uint64_t size) const { return at <= bytes && size <= bytes - at; }
};

// The place of a capability, by its words; kind 0: it says none that can be used.
constexpr Place place_of(const std::uint32_t (&words)[5]) {
  const unsigned size = words[0] >> 16 & 0xff;
  Place place{static_cast<std::uint8_t>(words[0] >> 24), static_cast<std::uint8_t>(words[1]), words[2],
              words[3], 0};
  if (place.kind < Place::common || place.kind > Place::device) return {};
  if (size < (place.kind == Place::notify ? 20 : 16) || place.region > 5) return {};
  if (std::uint64_t{place.offset} + place.bytes > 0xffff'ffff) return {};
  if (place.kind == Place::notify) place.multiplier = words[4];
  return place;
}

}  // namespace virtio
