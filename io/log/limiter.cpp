#include "io/log/limiter.h"

#include <vector>

namespace chancery::log {
namespace {

constexpr std::uint64_t kTokensOfALine = 10;  // At one a second.
constexpr std::uint64_t kLinesAtOnce = 10;
constexpr std::chrono::seconds kSilent{10};
constexpr std::string_view kOthers = "others";

}  // namespace

void Limiter::line(Time now, Level level, std::string_view event, std::string_view sort,
                   std::initializer_list<Field> fields) {
  auto found = sorts_.find(sort);
  if (found == sorts_.end()) {
    const bool full = sorts_.size() >= kSortsMax;
    found = sorts_
                .try_emplace(std::string(full ? kOthers : sort),
                             Sort{.bucket = TokenBucket(
                                      {.per_second = 1, .burst = kTokensOfALine * kLinesAtOnce}),
                                  .event = std::string(event)})
                .first;
  }
  Sort& of = found->second;
  of.level = level;
  of.last = now;
  if (of.bucket.wait(kTokensOfALine, now).has_value() || all_.wait(1, now).has_value()) {
    ++of.left_out;
    ++suppressed_count_;
    return;
  }
  of.bucket.take(kTokensOfALine);
  all_.take(1);
  std::vector<Field> all(fields);
  if (of.left_out > 0) {
    all.emplace_back("left_out_before", of.left_out);
    of.left_out = 0;
  }
  log(level, event, all);
}

void Limiter::sweep(Time now) {
  std::erase_if(sorts_, [&](const auto& item) {
    const Sort& sort = item.second;
    if (now - sort.last < kSilent) {
      return false;
    }
    if (sort.left_out > 0) {
      log(sort.level, sort.event, {{"of", item.first}, {"left_out", sort.left_out}});
    }
    return true;
  });
}

}  // namespace chancery::log
