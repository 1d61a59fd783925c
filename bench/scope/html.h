// SPDX-License-Identifier: MIT
// The page in which a person steps through an iteration: page.html with the data in it. It
// needs nothing but itself.
#pragma once

#include <string>
#include <string_view>

namespace scope {

// JSON that can stand in a <script> element: nothing in it ends the element.
std::string for_script(const std::string& json);

// The template with its two places filled in; the title is escaped.
std::string fill_page(std::string_view page, const std::string& title, const std::string& json);

std::string escape_html(const std::string& text);

// The template that is linked into the program.
std::string_view page_template();

}  // namespace scope
