// SPDX-License-Identifier: MIT
// malloc, new and what goes with them, for programs with a region mapper.
#include <atomic>
#include <new>

#include "allocator.h"
#include "program.h"
#include "regions.h"

namespace runtime {

namespace {

constinit Allocator allocator;
constinit std::atomic_flag taken = ATOMIC_FLAG_INIT;
constinit bool ready = false;

// Held for a few instructions, or for a page fault; who waits lets others run.
class Hold {
 public:
  Hold() {
    while (taken.test_and_set(std::memory_order_acquire)) L4_ThreadSwitch(L4_nilthread);
    if (ready) return;
    allocator = Allocator(heap_start, heap_bytes);
    ready = true;
  }
  ~Hold() { taken.clear(std::memory_order_release); }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
};

void* allocate(std::size_t bytes) {
  const Hold hold;
  return allocator.allocate(bytes);
}

void* allocate_or_end(std::size_t bytes) {
  void* const memory = allocate(bytes);
  if (memory == nullptr) panic("no room in the heap");
  return memory;
}

void release(void* memory) {
  if (memory == nullptr) return;
  const Hold hold;
  if (!allocator.free(memory)) panic("what is freed is no block of the heap");
}

}  // namespace

}  // namespace runtime

extern "C" {

void* malloc(std::size_t bytes) { return runtime::allocate(bytes); }

void free(void* memory) { runtime::release(memory); }

void* calloc(std::size_t count, std::size_t bytes) {
  std::size_t total = 0;
  if (__builtin_mul_overflow(count, bytes, &total)) return nullptr;
  void* const memory = runtime::allocate(total);
  if (memory != nullptr) __builtin_memset(memory, 0, total);
  return memory;
}

void* realloc(void* memory, std::size_t bytes) {
  if (memory == nullptr) return malloc(bytes);
  const std::size_t room = runtime::Allocator::room(memory);
  if (bytes <= room) return memory;
  void* const larger = runtime::allocate(bytes);
  if (larger == nullptr) return nullptr;
  __builtin_memcpy(larger, memory, room);
  free(memory);
  return larger;
}

}  // extern "C"

const std::nothrow_t std::nothrow{};

void* operator new(std::size_t bytes) { return runtime::allocate_or_end(bytes); }
void* operator new[](std::size_t bytes) { return runtime::allocate_or_end(bytes); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return runtime::allocate(bytes); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept { return runtime::allocate(bytes); }
void operator delete(void* memory) noexcept { runtime::release(memory); }
void operator delete[](void* memory) noexcept { runtime::release(memory); }
void operator delete(void* memory, std::size_t) noexcept { runtime::release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { runtime::release(memory); }
