// Entries of one thread, from index 10 on, each addressed for action to every member but its
// origin: AM, BY, KG and KZ.

#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/base/encoding.h"
#include "core/crypto/sha256.h"
#include "core/workflow/thread.h"

namespace chancery::test {

template <typename EntryOf>
class ThreadEntries {
 public:
  template <typename Content>
  EntryOf& add(const std::string& origin, Content content, const Hash& in_reply_to = {}) {
    EntryOf entry;
    entry.index = 10 + all.size();
    entry.n = crypto::sha256({as_bytes(std::to_string(entry.index))});
    entry.origin = origin;
    for (const char* const code : {"AM", "BY", "KG", "KZ"}) {
      if (origin != code) {
        entry.recipients.emplace_back(code);
        entry.asked.emplace_back(code);
      }
    }
    entry.status = v1::STATUS_ACTUAL;
    entry.in_reply_to = in_reply_to;
    entry.content = std::move(content);
    return all.emplace_back(std::move(entry));
  }

  std::vector<EntryOf> all;
};

// What members may sign at random: of anybody, to all or not, of any status, that answers and takes
// back what it likes of what was before, in the thread of the first.
template <typename EntryOf>
void refer_at_random(std::vector<EntryOf>& all, std::mt19937& random) {
  EntryOf& entry = all.back();
  const auto any_before = [&] { return all[random() % (all.size() - 1)].n; };
  entry.thread = all.front().n;
  entry.in_reply_to = any_before();
  if (random() % 16 == 0) {
    entry.status = v1::STATUS_EXERCISE;
  }
  if (random() % 16 == 0) {
    entry.recipients.pop_back();
  }
  while (random() % 3 == 0) {
    entry.supersedes.push_back(any_before());
  }
  while (random() % 8 == 0) {
    entry.cancels.push_back(any_before());
  }
}

// What does not count changes nothing: without any one of those that never did, the others come to
// the same.
struct Told {
  std::vector<std::optional<workflow::Ignored>> ignored;
  std::string outcome;  // Without places among the entries.
};

template <typename EntryOf, typename Fold>
void expect_that_what_is_ignored_changes_nothing(const std::vector<EntryOf>& all,
                                                 const Fold& fold) {
  const Told whole = fold(all);
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (!whole.ignored[i].has_value() || whole.ignored[i] == workflow::Ignored::kTakenBack) {
      continue;
    }
    std::vector<EntryOf> fewer = all;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    Told without = fold(fewer);
    without.ignored.insert(without.ignored.begin() + static_cast<std::ptrdiff_t>(i),
                           whole.ignored[i]);
    ASSERT_EQ(without.ignored, whole.ignored) << "entry " << i;
    ASSERT_EQ(without.outcome, whole.outcome) << "entry " << i;
  }
}

}  // namespace chancery::test
