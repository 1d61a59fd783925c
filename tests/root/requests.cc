// SPDX-License-Identifier: MIT
// Requests that are none.
#include "check.h"

namespace root_test {

namespace {

// Asks the root server for anything: the label of the answer.
Error request(long number, unsigned words, unsigned typed = 0, Word fill = 12) {
  l4::Words m;
  mica::wire::Cursor out{m};
  for (unsigned i = 0; i < words + typed; ++i) out.put_word(fill);
  if (typed == 2) {
    mica::wire::Cursor item{m, 1 + words};
    item.put_word(L4_MapItem(l4::Fpage::page(mica::this_task().image_low, l4::read), 0).raw[0]);
    item.put_word(l4::Fpage::page(mica::this_task().image_low, l4::read).raw);
  }
  m.set_tag(l4::Tag::make(Root::id << 8 | number, words, typed));
  const l4::Tag answer = l4::call_words(mica::root_server(), m, l4::Timeouts{L4_TimePeriod(millisecond).raw});
  return answer.failed() ? Error::timeout : static_cast<Error>(answer.label());
}

// The operation has so many words: with any other number of them it is refused.
template <typename Op>
bool refuses_other_lengths() {
  bool refused = true;
  for (unsigned words = 0; words <= 63; ++words) {
    if (words != Op::fixed_words) refused = refused && request(Op::number, words) == Error::bad_message;
  }
  return refused;
}

template <typename... Op>
bool all_refuse_other_lengths(mica::Operations<Op...>) {
  return (true && ... && (Op::has_text || refuses_other_lengths<Op>()));
}

Error request_text(long number, Word size, unsigned words) {
  l4::Words m(l4::Tag::make(Root::id << 8 | number, words), size);
  const l4::Tag answer = l4::call_words(mica::root_server(), m, l4::Timeouts{L4_TimePeriod(millisecond).raw});
  return answer.failed() ? Error::timeout : static_cast<Error>(answer.label());
}

}  // namespace

void test_requests() {
  check(all_refuse_other_lengths(Root::Operations{}), "requests of a wrong length are refused");
  bool refused = true;
  for (const long number : {60, 99, 255}) refused = refused && request(number, 1) == Error::no_operation;
  check(refused, "there are no other operations");
  check_error(request(Root::memory_info::number, 0, 2), Error::timeout, "a request with a page does not arrive");
  refused = true;
  for (const Word size : {Word{33}, Word{25}, Word{9}, ~Word{0}, ~Word{6}, Word{1} << 63}) {
    refused = refused && request_text(Root::find::number, size, 2) == Error::bad_message;
  }
  check(refused && request_text(Root::find::number, 0, 0) == Error::bad_message &&
            request_text(Root::find::number, 8, 4) == Error::bad_message,
        "texts that are longer or shorter than they say are refused");
  const Counts before = counts();
  check(run("random").code == 0, "a task asks for anything at all");
  check_same(counts(), before, "and has changed nothing");
}

}  // namespace root_test
