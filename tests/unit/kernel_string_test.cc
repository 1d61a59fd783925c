// SPDX-License-Identifier: MIT
// Strings: what arrives, in how many steps, and what may come in between.
#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "harness/user.h"

using namespace mica;
using namespace mica::test;

namespace {

constexpr u64 ms = 1000;
constexpr u64 halt = 1, abort_receive = 2, abort_send = 4, apply_halt = 256;

// Memory that sigma0 gives out: what is at X for one is at X for all, so each side
// has its own part.
constexpr Address source = 0x100'0000, target = 0x180'0000;

constexpr u64 overflow_at(u64 offset, Phase phase) { return ipc_error_word(phase, IpcError::overflow, offset); }
constexpr u64 piece(u64 length, unsigned pointers = 1, bool continues = false, bool another = false) {
  return length << 10 | u64{continues} << 9 | (pointers - 1) << 4 | u64{another};
}

u64 pattern(u64 n) { return n * 0x9e37'79b9'7f4a'7c15; }

// What physical memory holds; sigma0's memory is mapped one to one.
u8& byte_at(Address address) { return static_cast<u8*>(phys_to_virt({address}))[0]; }

void fill(Address at, u64 bytes, u64 seed = 1) {
  for (u64 i = 0; i < bytes; ++i) byte_at(at + i) = static_cast<u8>(pattern(seed + i) >> 32);
}
bool alike(Address a, Address b, u64 bytes) {
  for (u64 i = 0; i < bytes; ++i)
    if (byte_at(a + i) != byte_at(b + i)) return false;
  return true;
}

// A sender and a receiver in spaces of their own, both with sigma0 as pager. The
// root task waits for the sender's and the receiver's word that they are done.
struct Pair {
  Machine machine;
  std::function<void(User&)> sender, receiver;
  std::function<void(User&)> meanwhile = [](User&) {};
  ThreadId sender_pager = sigma0_id, receiver_pager = sigma0_id;

  void run() {
    machine.boot([this](User& root) {
      REQUIRE(root.create_task(user_thread(2), [this](User& user) { receiver(user); }, receiver_pager));
      REQUIRE(root.create_task(user_thread(1), [this](User& user) { sender(user); }, sender_pager));
      meanwhile(root);
    });
    machine.run();
  }
};

}  // namespace

TEST_CASE("a short string arrives at once") {
  Pair pair;
  fill(source, 4096);
  bool sent = false, received = false;
  pair.sender = [&](User& user) {
    user.load(source);
    const Received result = user.send(user_thread(2), Message(3, {11}).string(source + 5, 61));
    CHECK(result.ok());
    sent = true;
  };
  pair.receiver = [&](User& user) {
    user.store(target, 0);
    user.accept_strings({piece(100), target + 3});
    const Received message = user.receive(ThreadId::any());
    CHECK(message.ok());
    CHECK(message.tag().raw == MsgTag::make(3, 1, 2).raw);
    CHECK(message[1] == 11);
    CHECK(message[2] == piece(61));  // as the sender wrote it
    received = true;
  };
  pair.run();
  CHECK(sent);
  CHECK(received);
  CHECK(alike(source + 5, target + 3, 61));
  CHECK(byte_at(target + 3 + 61) == 0);
}

TEST_CASE("a long string goes in steps, and each missing page of either side is asked for") {
  for (const bool receiver_first : {true, false}) {
    CAPTURE(receiver_first);
    Pair pair;
    constexpr u64 length = 150'001;
    fill(source, length + 4096, 77);
    unsigned done = 0;
    pair.sender = [&](User& user) {
      if (receiver_first) user.receive(user.id(), timed(Time::period(5 * ms)));
      CHECK(user.send(user_thread(2), Message(0).string(source + 1001, length)).ok());
      ++done;
    };
    pair.receiver = [&](User& user) {
      if (!receiver_first) user.receive(user.id(), timed(Time::period(5 * ms)));
      user.accept_strings({piece(length), target + 13});
      CHECK(user.receive(ThreadId::any()).ok());
      ++done;
    };
    pair.run();
    CHECK(done == 2);
    CHECK(pair.machine.windows > 40);
    CHECK(alike(source + 1001, target + 13, length));
  }
}

TEST_CASE("a string too long for its buffer: both learn how much has arrived") {
  for (const u64 room : {u64{0}, u64{1}, u64{4095}, u64{70'000}}) {
    CAPTURE(room);
    Pair pair;
    fill(source, 100'000, 5);
    unsigned done = 0;
    pair.sender = [&](User& user) {
      const Received result = user.send(user_thread(2), Message(9, {1, 2}).string(source, 100'000));
      CHECK(result.error == overflow_at(room, Phase::send));
      ++done;
    };
    pair.receiver = [&](User& user) {
      user.accept_strings({piece(room), target});
      const Received message = user.receive(ThreadId::any());
      CHECK(message.error == overflow_at(room, Phase::receive));
      CHECK(message.tag().raw == MsgTag::make(9, 2, 2).with(MsgTag::error).raw);
      CHECK(message[2] == 2);
      ++done;
    };
    pair.run();
    CHECK(done == 2);
    CHECK(alike(source, target, room));
  }
}

TEST_CASE("strings whom nobody takes") {
  struct Case {
    u64 acceptor;
    std::initializer_list<u64> buffers;
    unsigned strings;
  };
  for (const Case& c : {Case{0, {piece(100), target}, 1}, Case{1, {0x8, target}, 1},
                        Case{1, {piece(100), target}, 2}, Case{1, {piece(100, 1, true), target, 0x8, target}, 2}}) {
    Pair pair;
    unsigned done = 0;
    pair.sender = [&](User& user) {
      Message message(0);
      for (unsigned i = 0; i < c.strings; ++i) message.string(source, 10);
      CHECK(user.send(user_thread(2), message).error == overflow_at(0, Phase::send));
      ++done;
    };
    pair.receiver = [&](User& user) {
      user.accept_strings(c.buffers);
      user.utcb().br(0) = c.acceptor;
      CHECK(user.receive(ThreadId::any()).error == overflow_at(0, Phase::receive));
      ++done;
    };
    pair.run();
    CHECK(done == 2);
  }
}

TEST_CASE("random chains of pieces against a plain copy") {
  std::mt19937_64 random(7);
  const auto up_to = [&](u64 n) { return std::uniform_int_distribution<u64>(0, n)(random); };
  for (unsigned round = 0; round < 60; ++round) {
    CAPTURE(round);
    fill(source, 0x40'0000 / 4, round);
    for (u64 i = 0; i < 0x10'0000; ++i) byte_at(target + i) = 0;
    Message message(0);
    std::vector<u64> buffers;
    std::vector<u8> expected(0x10'0000, 0);
    u64 overflow = ~u64{0};
    // Each side: strings of descriptors of pieces, at places that do not overlap.
    struct Span {
      Address at;
      u64 length;
    };
    Address next_target = target;
    const unsigned strings = 1 + static_cast<unsigned>(up_to(2));
    for (unsigned s = 0; s < strings; ++s) {
      std::vector<Span> from, to;
      std::vector<u64> words;
      const unsigned descriptors = 1 + static_cast<unsigned>(up_to(1));
      u64 total = 0;
      for (unsigned d = 0; d < descriptors; ++d) {
        const unsigned pointers = 1 + static_cast<unsigned>(up_to(2));
        const u64 length = up_to(3) == 0 ? up_to(30'000) : up_to(200);
        words.push_back(piece(length, pointers, d + 1 < descriptors));
        for (unsigned p = 0; p < pointers; ++p) {
          const Address at = source + up_to(0x8'0000);
          words.push_back(at);
          from.push_back({at, length});
          total += length;
        }
      }
      for (const u64 word : words) message.typed({word});
      const unsigned parts = 1 + static_cast<unsigned>(up_to(2));
      const bool small = up_to(9) == 0;
      const u64 length = small ? total / (parts + 1) : total / parts + 1;
      buffers.push_back(piece(length, parts, false, s + 1 < strings));
      for (unsigned p = 0; p < parts; ++p) {
        buffers.push_back(next_target);
        to.push_back({next_target, length});
        next_target += length + up_to(5000);
      }
      if (overflow != ~u64{0}) continue;
      u64 part = 0, offset = 0, copied = 0;
      for (const Span& span : from)
        for (u64 i = 0; i < span.length && overflow == ~u64{0}; ++i) {
          while (part < to.size() && offset == to[part].length) ++part, offset = 0;
          if (part == to.size()) {
            overflow = copied;
            break;
          }
          expected[to[part].at + offset - target] = byte_at(span.at + i);
          ++offset, ++copied;
        }
    }
    Pair pair;
    unsigned done = 0;
    pair.sender = [&](User& user) {
      const u64 error = user.send(user_thread(2), message).error;
      CHECK(error == (overflow == ~u64{0} ? 0 : overflow_at(overflow, Phase::send)));
      ++done;
    };
    pair.receiver = [&](User& user) {
      user.accept_strings({});
      unsigned i = 1;
      for (const u64 word : buffers) user.utcb().br(i++) = word;
      const u64 error = user.receive(ThreadId::any()).error;
      CHECK(error == (overflow == ~u64{0} ? 0 : overflow_at(overflow, Phase::receive)));
      ++done;
    };
    pair.run();
    CHECK(done == 2);
    bool same = true;
    for (u64 i = 0; i < expected.size(); ++i) same = same && byte_at(target + i) == expected[i];
    CHECK(same);
  }
}

TEST_CASE("page faults in a transfer: who is asked, and with which message") {
  Pair pair;
  fill(source, 0x4000);
  pair.sender_pager = pair.receiver_pager = root_id;
  std::vector<Received> faults;
  unsigned done = 0;
  pair.meanwhile = [&](User& root) {
    Received fault = root.receive(ThreadId::any());
    for (unsigned i = 0; i < 6 && fault.ok(); ++i) {
      faults.push_back(fault);
      const Address page = fault[1] & ~(page_size - 1);
      root.store(page, root.load(page));
      const Fpage send = Fpage::memory(page, page_bits, Rights::all());
      fault = root.ipc(fault.from, ThreadId::any(), Message(0).map(send, page), timed(Time::period(20 * ms)));
    }
  };
  pair.sender = [&](User& user) {
    user.utcb().mr[40] = 4711;
    CHECK(user.send(user_thread(2), Message(0).string(source + 0xff0, 0x1020)).ok());
    CHECK(user.utcb().mr[40] == 4711);
    ++done;
  };
  pair.receiver = [&](User& user) {
    user.accept_strings({piece(0x2000), target + 0x800});
    const u64 acceptor = user.utcb().br(0);
    CHECK(user.receive(ThreadId::any()).ok());
    CHECK(user.utcb().br(0) == acceptor);
    ++done;
  };
  pair.run();
  CHECK(done == 2);
  REQUIRE(faults.size() == 5);
  unsigned reads = 0, writes = 0;
  for (const Received& fault : faults) {
    const bool sends = fault.from == user_thread(1);
    CHECK(fault.tag().raw == MsgTag::make(label_page_fault + (sends ? Rights::r : Rights::w), 2).raw);
    CHECK((fault[2] == ~u64{0}) == !sends);
    ++(sends ? reads : writes);
  }
  CHECK(reads == 3);
  CHECK(writes == 2);
  CHECK(alike(source + 0xff0, target + 0x800, 0x1020));
}

TEST_CASE("transfer timeouts: 5 at the side that set it, 6 at the other") {
  struct Case {
    Time sender, receiver;
    bool sender_faults;
    IpcError at_sender;
  };
  const Time soon = Time::period(3 * ms), later = Time::period(9 * ms);
  for (const Case& c : {Case{Time::zero(), Time::never(), true, IpcError::xfer_timeout_own},
                        Case{Time::zero(), Time::never(), false, IpcError::xfer_timeout_own},
                        Case{Time::never(), Time::zero(), true, IpcError::xfer_timeout_partner},
                        Case{soon, Time::never(), false, IpcError::xfer_timeout_own},
                        Case{soon, later, true, IpcError::xfer_timeout_own},
                        Case{later, soon, true, IpcError::xfer_timeout_partner},
                        Case{Time::never(), soon, false, IpcError::xfer_timeout_partner}}) {
    Pair pair;
    (c.sender_faults ? pair.sender_pager : pair.receiver_pager) = root_id;  // who never answers
    const IpcError at_receiver = c.at_sender == IpcError::xfer_timeout_own ? IpcError::xfer_timeout_partner
                                                                           : IpcError::xfer_timeout_own;
    unsigned done = 0;
    pair.sender = [&](User& user) {
      if (!c.sender_faults) user.load(source);
      user.utcb().xfer_timeouts = u64{c.sender.raw} << 16 | Time::never().raw;
      CHECK(user.send(user_thread(2), Message(0).string(source, 100)).error ==
            ipc_error_word(Phase::send, c.at_sender));
      ++done;
    };
    pair.receiver = [&](User& user) {
      if (c.sender_faults) user.store(target, 1);
      user.utcb().xfer_timeouts = u64{Time::never().raw} << 16 | c.receiver.raw;
      user.accept_strings({piece(100), target});
      CHECK(user.receive(ThreadId::any()).error == ipc_error_word(Phase::receive, at_receiver));
      ++done;
    };
    pair.run();
    CHECK(done == 2);
  }
}

TEST_CASE("a transfer ends for both when either side is aborted, deleted, or can get no page") {
  enum class End { abort_sender, abort_receiver, delete_sender, delete_receiver, no_pager, delete_pager };
  for (const bool sender_faults : {false, true})
    for (const End end : {End::abort_sender, End::abort_receiver, End::delete_sender, End::delete_receiver,
                          End::no_pager, End::delete_pager}) {
      CAPTURE(sender_faults);
      CAPTURE(static_cast<int>(end));
      Pair pair;
      unsigned sent = 0, received = 0;
      const ThreadId deaf = user_thread(3);
      if (end == End::delete_pager) (sender_faults ? pair.sender_pager : pair.receiver_pager) = deaf;
      if (end != End::delete_pager && end != End::no_pager)
        (sender_faults ? pair.sender_pager : pair.receiver_pager) = root_id;
      const auto aborted = [](Phase phase, u64 offset) { return ipc_error_word(phase, IpcError::aborted, offset); };
      pair.sender = [&](User& user) {
        if (!sender_faults) user.load(source);
        if (end == End::delete_pager) user.receive(user.id(), timed(Time::period(2 * ms)));
        if (end == End::no_pager && sender_faults) user.utcb().pager = 0;
        CHECK(user.send(user_thread(2), Message(0).string(source, 5000)).error == aborted(Phase::send, 0));
        ++sent;
      };
      pair.receiver = [&](User& user) {
        if (sender_faults) user.store(target, 1);
        if (end == End::no_pager && !sender_faults) user.utcb().pager = 0;
        user.accept_strings({piece(5000), target});
        CHECK(user.receive(ThreadId::any()).error == aborted(Phase::receive, 0));
        ++received;
      };
      pair.meanwhile = [&](User& root) {
        if (end == End::delete_pager) {
          REQUIRE(root.create_task(deaf, [](User& user) { user.receive(user.id()); }));
          root.receive(root.id(), timed(Time::period(5 * ms)));
          CHECK(root.destroy(deaf));
          return;
        }
        root.receive(root.id(), timed(Time::period(5 * ms)));
        if (end == End::no_pager) return;
        CHECK(root.schedule(user_thread(1)).state == 5);
        CHECK(root.schedule(user_thread(2)).state == 7);
        // Its own space, or its pager's, may abort it.
        if (end == End::abort_sender || end == End::abort_receiver) {
          const ThreadId side = user_thread(end == End::abort_sender ? 1 : 2);
          REQUIRE(root.create_thread(user_thread(5), side, 1, [side](User& user) {
            user.exchange_registers(side, abort_send | abort_receive);
          }));
        } else {
          CHECK(root.destroy(user_thread(end == End::delete_sender ? 1 : 2)));
        }
      };
      pair.run();
      CHECK(sent == (end != End::delete_sender));
      CHECK(received == (end != End::delete_receiver));
    }
}

TEST_CASE("a halted sender's message arrives, and then it stops") {
  Pair pair;
  constexpr u64 length = 200'000;
  fill(source, length, 3);
  unsigned done = 0, halted_at = 0;
  pair.sender = [&](User& user) {
    CHECK(user.send(user_thread(2), Message(0).string(source, length)).ok());
    ++done;
  };
  pair.receiver = [&](User& user) {
    user.accept_strings({piece(length), target});
    CHECK(user.receive(ThreadId::any()).ok());
    ++done;
  };
  pair.meanwhile = [&](User& root) {
    REQUIRE(root.create_thread(user_thread(5), user_thread(1), 1, [&](User& user) {
      user.receive(ThreadId::interrupt(4));
      user.exchange_registers(user_thread(1), halt | apply_halt);
      halted_at = done;
      user.receive(user.id(), timed(Time::period(50 * ms)));
      CHECK(done == 1);
      CHECK(user.schedule(user_thread(1)).state == 0);  // not his to ask
      user.exchange_registers(user_thread(1), apply_halt);
    }));
    CHECK(root.thread_control(ThreadId::interrupt(4), ThreadId::interrupt(4), ThreadId::nil(), user_thread(5)));
    root.schedule(user_thread(5), 200);
  };
  pair.machine.at_window = [&]() -> unsigned {
    return pair.machine.windows == 60 && !pair.machine.line_masked[4] ? 4 : 0;
  };
  pair.run();
  CHECK(done == 2);
  CHECK(alike(source, target, length));
}

TEST_CASE("addresses that no pager could help with end a transfer with error 7") {
  for (const Address bad : {user_end, ~u64{0} - 10, u64{0xffff'8000'0000'0000}, u64{0x10000}}) {
    for (const bool sends : {false, true}) {
      CAPTURE(bad);
      CAPTURE(sends);
      Pair pair;
      unsigned done = 0;
      pair.sender = [&](User& user) {
        const Received result = user.send(user_thread(2), Message(0).string(sends ? bad : source, 100));
        CHECK(result.error == ipc_error_word(Phase::send, IpcError::aborted, 0));
        ++done;
      };
      pair.receiver = [&](User& user) {
        user.accept_strings({piece(100), sends ? target : bad});
        CHECK(user.receive(ThreadId::any()).error == ipc_error_word(Phase::receive, IpcError::aborted, 0));
        ++done;
      };
      pair.run();
      CHECK(done == 2);
    }
  }
}

TEST_CASE("a right that sigma0 has given up does not come back: a transfer ends, a fault halts it") {
  Machine machine;
  unsigned done = 0;
  bool wrote = false;
  machine.boot(
      [&](User& root) {
        root.utcb().pager = root_id.raw;  // what it sends from is its UTCB
        const Address own = root.thread().utcb;
        CHECK(root.send(sigma0_id, Message(0).string(own, 100)).error == ipc_error_word(Phase::send, IpcError::aborted));
        ++done;
        root.receive(root.id(), timed(Time::period(5 * ms)));
        CHECK(root.schedule(sigma0_id).state == 2);
      },
      [&](User& sigma0) {
        sigma0.load(target);
        sigma0.unmap(Fpage::complete(Rights{Rights::w}), true);
        sigma0.accept_strings({piece(100), target});
        CHECK(sigma0.receive(ThreadId::any()).error == ipc_error_word(Phase::receive, IpcError::aborted));
        ++done;
        sigma0.store(target, 1);
        wrote = true;
      });
  machine.run();
  CHECK(done == 2);
  CHECK(!wrote);
}
