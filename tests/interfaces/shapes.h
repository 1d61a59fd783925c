// SPDX-License-Identifier: MIT
// What the requests of an interface look like, from the types of its operations.
#pragma once

#include <array>
#include <span>

#include <mica/rpc.h>

namespace interfaces {

using mica::Word;

struct Shape {
  static constexpr unsigned most = 8;
  std::uint8_t number = 0, arguments = 0;
  std::uint8_t words[most] = {};     // of each argument; 0: it is a text
  std::uint16_t capacity[most] = {}; // of a text
};

template <typename Op>
struct ShapeOf;
template <typename I, long N, typename R, typename... A>
struct ShapeOf<mica::Operation<I, N, R(A...)>> {
  static constexpr Shape make() {
    static_assert(sizeof...(A) <= Shape::most);
    Shape shape{N, sizeof...(A), {}, {}};
    unsigned at = 0;
    ((shape.words[at] = mica::wire::fixed_words<std::remove_cvref_t<A>>, shape.capacity[at] = capacity<std::remove_cvref_t<A>>(), ++at), ...);
    return shape;
  }
  template <typename T>
  static constexpr std::uint16_t capacity() {
    if constexpr (mica::wire::is_text<T>) return T::capacity;
    else return 0;
  }
};

template <typename... Op>
constexpr std::array<Shape, sizeof...(Op)> shapes(mica::Operations<Op...>) {
  return {ShapeOf<Op>::make()...};
}

}  // namespace interfaces
