// SPDX-License-Identifier: MIT
// QEMU's device for teaching (1234:11e8): it interrupts when told to, and when it has
// computed a factorial, by its PCI line or by a message.
#pragma once

#include <cstdint>

#include <l4/l4.hpp>

namespace guest::edu {

// Finds it and has it mapped; once is enough. False: there is none.
[[nodiscard]] bool find();

// What an interrupt writes, and that it is written: the line falls silent.
void enable_messages(l4::Word address, l4::Word data);
void disable_messages();  // the line again
unsigned line();          // its PCI line

void raise(std::uint32_t causes = 1);  // interrupts, with each call
std::uint32_t causes();
void silence();                        // takes all causes back
void compute_factorial(std::uint32_t n);  // interrupts when it is done
std::uint32_t factorial();

}  // namespace guest::edu
