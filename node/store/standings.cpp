#include "node/store/standings.h"

#include <algorithm>
#include <utility>

namespace chancery::node {

const OutboxStanding* Standings::find(std::string_view notice_id) const {
  const std::optional<Id> id = id_of(notice_id);
  if (!id.has_value()) {
    return nullptr;
  }
  for (const ById* const part : {&newer_, &older_}) {
    if (const auto known = part->find(*id); known != part->end()) {
      return &known->second;
    }
  }
  return nullptr;
}

void Standings::put(OutboxStanding standing) {
  const std::optional<Id> id = id_of(standing.notice_id);
  if (!id.has_value()) {
    return;
  }
  if (newer_.size() >= kCountMax / 2) {
    older_ = std::exchange(newer_, {});
  }
  newer_.insert_or_assign(*id, std::move(standing));
}

std::optional<Standings::Id> Standings::id_of(std::string_view notice_id) {
  Id id;
  if (notice_id.size() != id.size()) {
    return std::nullopt;
  }
  std::ranges::copy(notice_id, id.begin());
  return id;
}

void Standings::clear() {
  newer_.clear();
  older_.clear();
}

}  // namespace chancery::node
