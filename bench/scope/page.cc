// SPDX-License-Identifier: MIT
#include "html.h"

extern "C" const char scope_page_start[], scope_page_end[];

namespace scope {

std::string_view page_template() { return {scope_page_start, scope_page_end}; }

}  // namespace scope
