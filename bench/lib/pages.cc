// SPDX-License-Identifier: MIT
#include "pages.h"

#include <runtime/program.h>

namespace bench {

using l4::Fpage;
using l4::Word;

Word allocate_small_pages(Word pages) {
  constexpr Word region = Word{1} << 28;
  static constinit Word next = Word{1} << 42;
  const Word start = next;
  for (Word i = 0; i < pages; ++i) {
    const Fpage window = Fpage::page(start + i * page_size);
    if (L4_IsNilFpage(L4_Sigma0_GetAny(runtime::sigma0(), 12, window))) runtime::panic("sigma0 has no page");
  }
  next += region;
  return start;
}

}  // namespace bench
