// Whether a hub that was started may admit anything: not before a quorum of the members has met it
// and found in its log what they had followed. A log that was put back from a backup lacks what
// was logged since, and whoever was told of it notices before anything new takes its place.
// Protocol clause C-150, decision 0032.
//
// Who counts are the members that have a witness; as many as make a quorum of those, or all where
// the directory has fewer. Whom it has met once counts until the end of the run.
//
// Pure.

#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/exchange/directory.h"

namespace chancery::broker {

struct StartProgress {
  std::size_t needed = 0;
  std::vector<std::string> met;  // Both lists by code.
  std::vector<std::string> awaited;
};

class StartQuorum {
 public:
  // Of a log that is empty nothing can be missing.
  explicit StartQuorum(bool log_is_empty) : is_there_(log_is_empty) {}

  // A node of this member named a head that this log has, or has followed nothing yet.
  void met(std::string_view member, const exchange::Directory& directory);
  // Once it is there it stays.
  [[nodiscard]] bool is_there() const { return is_there_; }
  [[nodiscard]] StartProgress progress(const exchange::Directory& directory) const;

 private:
  std::set<std::string, std::less<>> met_;
  bool is_there_;
};

}  // namespace chancery::broker
