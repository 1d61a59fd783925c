// SPDX-License-Identifier: MIT
#include "print.h"

namespace runtime {

void Output::put_number(std::uint64_t value, unsigned base, unsigned digits) {
  char reversed[64];
  unsigned n = 0;
  do {
    reversed[n++] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value != 0);
  for (unsigned i = n; i < digits; ++i) put('0');
  while (n > 0) put(reversed[--n]);
}

void put_value(Output& out, hex number) {
  out.put("0x");
  out.put_number(number.value, 16, number.digits);
}

void put_value(Output& out, right number) {
  unsigned digits = 1;
  for (std::uint64_t rest = number.value / 10; rest != 0; rest /= 10) ++digits;
  for (unsigned i = digits; i < number.width; ++i) out.put(' ');
  out.put_number(number.value);
}

void put_value(Output& out, left text) {
  out.put(text.text);
  for (std::size_t i = text.text.size(); i < text.width; ++i) out.put(' ');
}

std::string_view put_until_gap(Output& out, std::string_view format) {
  for (std::size_t i = 0; i + 1 < format.size(); ++i) {
    if (format[i] == '{' && format[i + 1] == '}') {
      out.put(std::string_view(format.data(), i));
      format.remove_prefix(i + 2);
      return format;
    }
  }
  out.put(format);
  return {};
}

}  // namespace runtime
