// SPDX-License-Identifier: MIT
// First cases of IPC through the kernel's own code, one space or several.
#include <doctest/doctest.h>

#include "harness/user.h"

using namespace mica;
using namespace mica::test;

TEST_CASE("call and reply between spaces") {
  for (const bool fast_path : {false, true}) {
    CAPTURE(fast_path);
    Machine machine({.fast_path = fast_path});
    unsigned calls = 0;
    machine.boot([&](User& root) {
      REQUIRE(root.create_task(user_thread(1), [](User& server) {
        Received request = server.receive(ThreadId::any());
        for (;;) {
          CHECK(request.from == root_id);
          Message reply(7);
          for (unsigned i = 1; i <= request.tag().untyped(); ++i) reply.mr[i] = request[i] + 1;
          reply.mr[0] |= request.tag().untyped();
          request = server.reply_wait(request.from, reply);
        }
      }));
      for (const unsigned words : {0u, 4u, 7u, 8u, 16u, 63u}) {
        Message message(static_cast<i64>(words));
        message.mr[0] |= words;
        for (unsigned i = 1; i <= words; ++i) message.mr[i] = words * 100 + i;
        const Received answer = root.call(user_thread(1), message);
        CHECK(answer.ok());
        CHECK(answer.from == user_thread(1));
        CHECK(answer.tag().raw == MsgTag::make(7, words).raw);
        for (unsigned i = 1; i <= words; ++i) CHECK(answer[i] == words * 100 + i + 1);
        ++calls;
      }
    });
    machine.run();
    CHECK(calls == 6);
    CHECK((machine.fast_calls != 0) == fast_path);
  }
}
