// SPDX-License-Identifier: MIT
// The mapping database against a plain model of it: random messages with map and
// grant items, unmaps, accesses and deaths of spaces, and after each of them
// everything is compared: which pages are there, their frames and rights, what
// they are derived from, what was reported about accesses, what memory is used.
#include <array>
#include <map>
#include <random>
#include <set>
#include <string>

#include "mapping_fixture.h"

using namespace mica;
using namespace mica::test;

namespace {

constexpr unsigned space_count = 5;  // number 0 is sigma0
constexpr u64 page_limit = user_end >> page_bits;

struct Key {
  unsigned space;
  bool port;
  u64 page;
  auto operator<=>(const Key&) const = default;
};

struct Entry {
  u64 frame = 0;  // page number, or 0 for ports
  u8 rights = 0;
  bool has_parent = false;
  Key parent{};
  u8 marks = 0;  // accesses through this mapping that nobody has asked for
  u8 owed = 0;   // accesses below it that its holder has not asked for
};

// What the database should be, without a thought of speed.
struct Model {
  std::map<Key, Entry> entries;
  std::map<Key, bool> fixed;            // -> writable
  u64 kernel_low = 0, kernel_high = 0;  // page numbers

  bool present(Key key) const { return entries.count(key) != 0; }

  std::set<Key> below(Key top) const {
    std::set<Key> found{top};
    for (bool more = true; more;) {
      more = false;
      for (const auto& [key, entry] : entries) {
        if (entry.has_parent && found.count(entry.parent) != 0 && found.insert(key).second) more = true;
      }
    }
    found.erase(top);
    return found;
  }

  u8 remove(const std::set<Key>& keys) {
    u8 status = 0;
    for (const Key& key : keys) {
      status |= static_cast<u8>(entries[key].marks | entries[key].owed);
      entries.erase(key);
    }
    return status;
  }

  u8 revoke(Key top, u8 taken, bool self) {
    Entry& entry = entries.at(top);
    const bool has_parent = entry.has_parent;
    const Key parent = entry.parent;
    u8 status = entry.owed;
    entry.owed = 0;
    std::set<Key> affected = below(top);
    if (self) affected.insert(top);
    // First those that lose all they have, with what is derived from them.
    std::set<Key> gone;
    for (const Key& key : affected) {
      const bool ends = key.port ? taken != 0 : (entries[key].rights & ~taken) == 0;
      if (!ends) continue;
      gone.insert(key);
      gone.merge(below(key));
    }
    status |= remove(gone);
    for (const Key& key : affected) {
      if (gone.count(key) != 0) continue;
      Entry& kept = entries[key];
      status |= static_cast<u8>(kept.marks | kept.owed);
      kept.marks = kept.owed = 0;
      kept.rights &= static_cast<u8>(~taken | Rights::r);
    }
    if (has_parent) entries.at(parent).owed |= status;
    return status;
  }

  void move(Key from, Key to, u8 rights, bool grant) {
    if (fixed.count(from) != 0) return;
    if (from.space == 0) {
      grant = false;
      if (!present(from)) {
        if (!from.port && from.page >= kernel_low && from.page < kernel_high) return;
        entries[from] = {.frame = from.port ? 0 : from.page, .rights = 7};
      }
    }
    if (!present(from) || fixed.count(to) != 0 || from == to) return;
    if (from.port && rights != 0) rights = 7;
    const u8 common = entries[from].rights & rights;
    if (common == 0) return;
    const u8 usable = common | Rights::r;  // the hardware has nothing without r
    if (present(to)) {
      if (!grant && entries[to].has_parent && entries[to].parent == from) {
        entries[to].rights |= usable;
        return;
      }
      revoke(to, 7, true);
      if (!present(from)) return;
    }
    const Entry source = entries[from];
    Entry entry{.frame = source.frame, .rights = usable, .has_parent = true, .parent = from};
    if (grant) {
      entry.has_parent = source.has_parent;
      entry.parent = source.parent;
      entry.owed = source.owed;
      for (auto& [key, other] : entries) {
        if (other.has_parent && other.parent == from) other.parent = to;
      }
      if (source.has_parent) entries.at(source.parent).owed |= source.marks;
      entries.erase(from);
    }
    entries[to] = entry;
  }
};

class Trial {
 public:
  Trial(unsigned seed, bool scarce) : random_(seed), scarce_(scarce) {
    host::reset(u64{4} << 20);
    host::largest_level = 0;
    constexpr i64 budgets[] = {1300, 2000, usual_step, i64{1} << 40};
    step_budget = budgets[seed % 4];
    REQUIRE(make_bookmarks());
    frames_ = frame_store.free_frames();
    model_.kernel_low = host::kernel_memory_low.value >> page_bits;
    model_.kernel_high = model_.kernel_low + 1024;
    for (unsigned i = 0; i < space_count; ++i) make_space(i);
  }

  void run(int steps) {
    for (int step = 0; step < steps; ++step) {
      const unsigned choice = below(100);
      if (choice < 50) {
        message();
      } else if (choice < 75) {
        take_away();
      } else if (choice < 95) {
        touch();
      } else if (choice < 97) {
        load();
      } else if (choice < 99) {
        fix();
      } else {
        rebirth();
      }
      compare();
    }
    for (auto& space : spaces_) {
      remove_fixed(space);
      space.reset();
    }
    CHECK(frame_store.free_frames() == frames_);
  }

 private:
  // Page numbers in a few neighbourhoods: edges of tables of each level, the end.
  static constexpr std::array<u64, 5> places{0x3000, 0x8'0000, 0x3fff8, 0x7fffff8, page_limit - 15};

  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() >> 8) % limit; }
  u64 some_page() {
    // Few frames, so that trees grow, and many places.
    return places[below(3) == 0 ? below(5) : 0] + below(16);
  }
  u64 some_port() { return 0x3f8 + below(16); }
  u8 some_rights() { return static_cast<u8>(below(3) == 0 ? below(8) : 7); }

  void make_space(unsigned i) {
    spaces_[i] = std::make_unique<TestSpace>(i == 0);
    if (scarce_) (**spaces_[i]).pool.set_limit(10 + below(30));
  }
  Space& space(unsigned i) { return **spaces_[i]; }

  Fpage some_fpage(bool ports) {
    const Rights rights{some_rights()};
    if (below(40) == 0 && !ports) return Fpage::complete(rights);
    const unsigned order = below(3) == 0 ? below(5) : 0;
    return ports ? Fpage::io(some_port(), order, rights)
                 : Fpage::memory(some_page() << page_bits, 12 + order, rights);
  }

  void message() {
    const unsigned from = below(3) == 0 ? 0 : below(space_count),
                   to = below(12) == 0 ? 0 : 1 + below(space_count - 1);
    const bool ports = below(5) == 0;
    Fpage window = Fpage::complete();
    if (below(4) == 0)
      window =
          ports ? Fpage::io(some_port(), below(6)) : Fpage::memory(some_page() << page_bits, 12 + below(6));
    std::array<MapItem, 3> items;
    const unsigned count = 1 + below(3);
    for (unsigned i = 0; i < count; ++i) {
      items[i] = {some_fpage(ports), some_page() << page_bits | below(4096), below(3) == 0};
      if (from == 0 && items[i].send.is_complete()) items[i].send = Fpage::nil();
    }
    const u64 used_from = space(from).pool.used(), used_to = space(to).pool.used();
    if (!send_items(space(from), space(to), window, {items.data(), count})) {
      ++refused;
      REQUIRE(space(from).pool.used() == used_from);
      REQUIRE(space(to).pool.used() == used_to);
      return;
    }
    for (unsigned i = 0; i < count; ++i) {
      const MapRange range = cut_to_window(window, items[i]);
      const u8 rights = items[i].send.rights().raw;
      if (range.count < 100) {
        for (u64 n = 0; n < range.count && rights != 0; ++n) {
          model_.move({from, range.ports, range.source + n}, {to, range.ports, range.target + n}, rights,
                      items[i].grant);
        }
      } else {
        // A complete flexpage: only what is there matters.
        std::vector<u64> pages;
        for (const auto& [key, entry] : model_.entries) {
          if (key.space == from && !key.port && key.page >= range.source &&
              key.page - range.source < range.count) {
            pages.push_back(key.page);
          }
        }
        for (const u64 page : pages) {
          if (rights == 0) break;
          model_.move({from, false, page}, {to, false, page - range.source + range.target}, rights,
                      items[i].grant);
        }
      }
    }
  }

  void take_away() {
    const unsigned from = below(space_count);
    const bool ports = below(5) == 0;
    const Fpage fpage = some_fpage(ports);
    const bool flush = below(2) == 0;
    const u64 first = ports ? fpage.base() : fpage.base() >> page_bits;
    const u64 count = u64{1} << (ports ? fpage.order() : fpage.order() - page_bits);
    u8 expected = 0;
    std::vector<Key> keys;
    for (const auto& [key, entry] : model_.entries) {
      if (key.space == from && key.port == ports && key.page >= first && key.page - first < count)
        keys.push_back(key);
    }
    for (const Key& key : keys) {
      if (model_.present(key)) expected |= model_.revoke(key, fpage.rights().raw, flush);
    }
    const u8 status = unmap(space(from), fpage, flush).raw;
    REQUIRE(status == expected);
  }

  void touch() {
    const unsigned who = loaded_ != none && below(2) == 0 ? loaded_ : below(space_count);
    const u64 page = some_page();
    const bool write = below(2) == 0, execute = !write && below(2) == 0;
    const u8 needed = write ? Rights::w : execute ? Rights::x : Rights::r;
    const Key key{who, false, page};
    const auto found = model_.entries.find(key);
    const auto fixed = model_.fixed.find(key);
    bool allowed = found != model_.entries.end() && (found->second.rights & needed) != 0;
    if (fixed != model_.fixed.end()) allowed = !execute && (!write || fixed->second);
    const bool device = found != model_.entries.end() && found->second.frame >= host::ram_size >> page_bits;
    if (who != loaded_ && device) allowed = false;
    if (allowed && fixed == model_.fixed.end()) found->second.marks |= write ? 7 : 5;
    if (who == loaded_) {
      REQUIRE(host::access(page << page_bits, write, execute) == allowed);
    } else {
      REQUIRE(translate(space(who), page << page_bits, Rights{needed}).has_value() == allowed);
    }
  }

  void load() {
    loaded_ = below(space_count);
    host::load_root(space(loaded_).memory.root());
  }

  void fix() {
    const unsigned who = below(space_count);
    const Key key{who, false, some_page()};
    const bool writable = below(2) == 0;
    if (model_.fixed.count(key) != 0) {
      remove_fixed_page(space(who), key.page << page_bits);
      model_.fixed.erase(key);
    } else if (place_fixed_page(space(who), key.page << page_bits, {0x20'0000}, writable)) {
      if (model_.present(key)) model_.revoke(key, 7, true);
      model_.fixed[key] = writable;
    }
  }

  void remove_fixed(std::unique_ptr<TestSpace>& space) {
    for (auto it = model_.fixed.begin(); it != model_.fixed.end();) {
      if (&spaces_[it->first.space] != &space) {
        ++it;
        continue;
      }
      remove_fixed_page(**space, it->first.page << page_bits);
      it = model_.fixed.erase(it);
    }
  }

  void rebirth() {
    const unsigned who = 1 + below(space_count - 1);
    remove_fixed(spaces_[who]);
    std::vector<Key> keys;
    for (const auto& [key, entry] : model_.entries) {
      if (key.space == who) keys.push_back(key);
    }
    for (const Key& key : keys) {
      if (model_.present(key)) model_.revoke(key, 7, true);
    }
    if (loaded_ == who) loaded_ = none;
    make_space(who);
  }

  void compare() {
    REQUIRE(host::stale_translations() == 0);
    std::map<u32, unsigned> number_of;
    for (unsigned i = 0; i < space_count; ++i) number_of[to_link(&space(i))] = i;
    const auto key_of = [&](const Mapping* node) {
      const u64 page = TableNode::of(node->leaf)->head.first_page + TableNode::index_of(node->leaf);
      return Key{number_of.at(node->space), node->ports != 0, page};
    };
    u64 seen = 0;
    for (unsigned i = 0; i < space_count; ++i) {
      for (const bool ports : {false, true}) {
        const PageTable& tree = ports ? space(i).ports : space(i).memory;
        for_each_present(tree, 0, ports ? 65536 : page_limit, [&](u64 page, Slot slot) {
          ++seen;
          const Key key{i, ports, page};
          const u64 value = *slot.leaf;
          if (slot.fixed()) {
            REQUIRE(model_.fixed.count(key) == 1);
            REQUIRE(model_.fixed[key] == ((value & entry::writable) != 0));
            return;
          }
          REQUIRE(model_.present(key));
          const Entry& entry = model_.entries[key];
          const Mapping* const node = from_link<Mapping>(slot.link());
          REQUIRE(key_of(node) == key);
          const u8 owed = static_cast<u8>(((node->status & entry::accessed) != 0 ? 5 : 0) |
                                          ((node->status & entry::dirty) != 0 ? 6 : 0));
          REQUIRE(owed == entry.owed);
          REQUIRE(slot.frame().value == entry.frame * page_size);
          REQUIRE((node->parent != 0) == entry.has_parent);
          if (entry.has_parent) {
            REQUIRE(key_of(from_link<Mapping>(node->parent)) == entry.parent);
          } else {
            check_tree_of(node);
          }
          if (ports) {
            REQUIRE(port_allowed(space(i), page));
            return;
          }
          const u8 rights = static_cast<u8>(Rights::r | ((value & entry::writable) != 0 ? Rights::w : 0) |
                                            ((value & entry::no_execute) == 0 ? Rights::x : 0));
          REQUIRE(rights == entry.rights);
          const u8 marks = static_cast<u8>(((value & entry::accessed) != 0 ? 5 : 0) |
                                           ((value & entry::dirty) != 0 ? 6 : 0));
          REQUIRE(marks == entry.marks);
        });
      }
      if (space(i).io_bitmap) {
        u64 allowed = 0;
        for (u64 port = 0x3f0; port < 0x420; ++port) allowed += port_allowed(space(i), port);
        u64 expected = 0;
        for (const auto& [key, entry] : model_.entries) expected += key.space == i && key.port;
        REQUIRE(allowed == expected);
      }
    }
    REQUIRE(seen == model_.entries.size() + model_.fixed.size());
  }

  static constexpr unsigned none = ~0u;
  std::minstd_rand random_;
  bool scarce_;
  Model model_;
  std::array<std::unique_ptr<TestSpace>, space_count> spaces_;
  unsigned loaded_ = none;
  u64 frames_ = 0;

 public:
  u64 refused = 0;
};

}  // namespace

TEST_CASE("random histories match the model") {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    Trial trial(seed, false);
    trial.run(700);
    CHECK(trial.refused == 0);
  }
}

TEST_CASE("random histories match the model when memory is scarce") {
  u64 refused = 0;
  for (unsigned seed = 101; seed <= 112; ++seed) {
    CAPTURE(seed);
    Trial trial(seed, true);
    trial.run(700);
    refused += trial.refused;
  }
  CHECK(refused > 100);
}
