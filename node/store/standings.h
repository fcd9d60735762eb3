// Where notices of ours stand that are on their way, in memory: each is asked for three times from
// when it is queued until its own delivery has come.
//
// Whatever changes a row says so here, or drops them all, as does a transaction that does not come
// to its end: what is not here is read from the outbox. Of those that were put last,
// kCountMax / 2 at least. Same thread.

#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "node/store/node_store.h"

namespace chancery::node {

class Standings {
 public:
  // Of some 250 bytes each. Under load the delivery of an own notice comes thousands behind the
  // newest of them.
  static constexpr std::size_t kCountMax = 16'384;

  // What has not the size of a notice id is not here.
  [[nodiscard]] const OutboxStanding* find(std::string_view notice_id) const;
  void put(OutboxStanding standing);
  void clear();

 private:
  using Id = std::array<char, 16>;
  struct OfId {
    std::size_t operator()(const Id& id) const {
      return std::hash<std::string_view>()({id.data(), id.size()});
    }
  };
  [[nodiscard]] static std::optional<Id> id_of(std::string_view notice_id);
  using ById = std::unordered_map<Id, OutboxStanding, OfId>;

  // Once there are enough of the newer, they are the older.
  ById newer_;
  ById older_;
};

}  // namespace chancery::node
