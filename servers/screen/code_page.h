// SPDX-License-Identifier: MIT
// The characters of VGA's own font, code page 437.
#pragma once

#include <string_view>

namespace screen {

// The place of a character in the font, that of a question mark for one that it lacks.
constexpr unsigned char code_page_437(char32_t character) {
  constexpr std::u16string_view upper_half =
      u"ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ"
      u"áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐"
      u"└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀"
      u"αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";
  static_assert(upper_half.size() == 128);
  if (character >= ' ' && character < 0x7f) return static_cast<unsigned char>(character);
  for (unsigned i = 0; i < upper_half.size(); ++i) {
    if (upper_half[i] == character) return static_cast<unsigned char>(0x80 + i);
  }
  return '?';
}

}  // namespace screen
