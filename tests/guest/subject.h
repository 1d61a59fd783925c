// SPDX-License-Identifier: MIT
// Threads in spaces of their own that do what the test tells them, and whose page
// faults the test sees.
#pragma once

#include "messages.h"

namespace guest {

struct Fault {
  l4::Tag tag;
  Word address, ip;
};

class Subject {
 public:
  // In a space of its own, where all of the program is mapped before.
  Subject() : Subject(make_task()) {}
  // A thread that has been made, not started, whose pager is the runner.
  explicit Subject(l4::ThreadId id) : id_(id) {
    start(
        id, [](Word argument) { object_at<Subject>(argument).serve(); }, address_of(*this), test_thread);
    require(eventually([this] { return ready_; }), "subject is ready");
  }
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;

  l4::ThreadId id() const { return id_; }

  // Begins body(argument) there.
  void begin(Body body, Word argument = 0) {
    body_ = body;
    argument_ = argument;
    expect_ok(send(id_, 1, timeouts(1'000'000, 0)));
  }
  // Waits for its end; a fault sends it to guest_probe_failed and is kept.
  void end() {
    faults_ = 0;
    for (;;) {
      l4::Words m;
      l4::ipc_words(l4::ThreadId::nil(), id_, {timeouts(0, 2'000'000)}, m);
      if (!expect(m.tag().ok(), "the subject is silent") || m.tag().label() == done_label) return;
      ++faults_;
      fault_ = {m.tag(), m[1], m[2]};
      if (!expect(m.tag().is(L4_PageFaultLabel), "the subject's message is no page fault")) return;
      l4_exchange x = {
          L4_ExRegAbortReceive | L4_ExRegIp, 0, reinterpret_cast<Word>(guest_probe_failed), 0, 0, 0};
      l4_exchange_registers(id_.raw, &x);
    }
  }
  void run(Body body, Word argument = 0) {
    begin(body, argument);
    end();
  }
  // Faults since the last begin, and the last one.
  unsigned faults() const { return faults_; }
  const Fault& fault() const { return fault_; }

  bool can_read(Word address) { return probe(guest_probe_read, address); }
  bool can_write(Word address) { return probe(guest_probe_write, address); }
  bool can_execute(Word address) { return probe(guest_probe_execute, address); }
  // The three as rights.
  Word rights(Word address) {
    return (can_read(address) ? 4u : 0u) | (can_write(address) ? 2u : 0u) | (can_execute(address) ? 1u : 0u);
  }
  Word read(Word address) {
    word_ = address;
    run(
        [](Word a) {
          Subject& s = object_at<Subject>(a);
          s.word_ = *reinterpret_cast<volatile Word*>(s.word_);
        },
        address_of(*this));
    return word_;
  }

  // It waits for one message with mappings into the window; end() with the message.
  void accept(l4::Fpage window) {
    word_ = window.raw & ~Word{0xf};
    begin(
        [](Word a) {
          Subject& s = object_at<Subject>(a);
          L4_Accept(L4_Acceptor_t{.raw = s.word_});
          const Received r = receive();
          s.word_ = r.tag.failed() ? L4_ErrorCode() : 0;
        },
        address_of(*this));
    require(becomes(id_, L4_SCHEDRESULT_WAITING));
  }

  // Maps, or grants, from here to another subject's window. The result is the
  // sender's error code.
  Word give(Subject& to, l4::Fpage page, Word base, l4::Fpage window, bool grant = false) {
    to.accept(window);
    item_[0] = (base & ~Word{0x3ff}) | (grant ? 0xau : 8u);
    item_[1] = page.raw;
    partner_ = to.id_;
    run(
        [](Word a) {
          Subject& s = object_at<Subject>(a);
          l4::Words m(l4::Tag::make(2, 0, 2), s.item_[0], s.item_[1]);
          l4::send_words(s.partner_, m);
          s.word_ = m.tag().failed() ? L4_ErrorCode() : 0;
        },
        address_of(*this));
    to.end();
    return word_;
  }

  // Unmap there: the flexpage with the status.
  l4::Fpage unmap(l4::Fpage page, bool flush) {
    word_ = page.raw;
    const Body flushes = [](Word a) {
      Subject& s = object_at<Subject>(a);
      s.word_ = L4_Flush(l4::Fpage(s.word_)).raw;
    };
    const Body unmaps = [](Word a) {
      Subject& s = object_at<Subject>(a);
      s.word_ = L4_UnmapFpage(l4::Fpage(s.word_)).raw;
    };
    run(flush ? flushes : unmaps, address_of(*this));
    return l4::Fpage(word_);
  }

 private:
  static constexpr long done_label = 0x1d1e;

  bool probe(Word (*function)(Word), Word address) {
    probe_ = function;
    word_ = address;
    run(
        [](Word a) {
          Subject& s = object_at<Subject>(a);
          s.word_ = s.probe_(s.word_);
        },
        address_of(*this));
    return word_ == 1;
  }

  void serve() {
    touch_program();
    L4_Set_Pager(test_thread);
    ready_ = true;
    receive(test_thread);
    for (;;) {
      body_(argument_);
      l4::Words m(l4::Tag::make(done_label, 0));
      l4::ipc_words(test_thread, test_thread, {never}, m);
    }
  }

  l4::ThreadId id_;
  volatile bool ready_ = false;
  Body body_ = nullptr;
  Word argument_ = 0;
  Word word_ = 0;
  Word item_[2] = {};
  Word (*probe_)(Word) = nullptr;
  l4::ThreadId partner_;
  unsigned faults_ = 0;
  Fault fault_ = {};
};

}  // namespace guest
