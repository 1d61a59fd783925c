// SPDX-License-Identifier: MIT
#include "html.h"

#include <algorithm>

namespace scope {

std::string escape_html(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string for_script(const std::string& json) {
  // These stand in JSON only within strings, where they may be written so.
  std::string out;
  for (const char c : json) {
    if (c == '<') out += "\\u003c";
    else if (c == '>') out += "\\u003e";
    else if (c == '&') out += "\\u0026";
    else out += c;
  }
  return out;
}

std::string fill_page(std::string_view page, const std::string& title, const std::string& json) {
  std::string out;
  for (std::size_t at = 0; at < page.size();) {
    const std::size_t place = std::min(page.find("@@", at), page.size());
    out += page.substr(at, place - at);
    if (page.substr(place).starts_with("@@TITLE@@")) {
      out += escape_html(title);
      at = place + 9;
    } else if (page.substr(place).starts_with("@@DATA@@")) {
      out += for_script(json);
      at = place + 8;
    } else {
      out += page.substr(place, 2);
      at = place + 2;
    }
  }
  return out;
}

}  // namespace scope
