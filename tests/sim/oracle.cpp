#include "tests/sim/oracle.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/exchange/audit.h"

namespace chancery::sim {
namespace {

constexpr std::size_t kScanCount = 500;
constexpr std::size_t kPageBytes = 2U << 20U;

std::vector<node::NodeStore::InboxHead> all_heads(node::NodeStore& store) {
  std::vector<node::NodeStore::InboxHead> all;
  while (true) {
    const std::uint64_t after = all.empty() ? 0 : all.back().arrival;
    std::vector<node::NodeStore::InboxHead> page = test::must(
        store.scan_inbox({.after = after, .before = std::nullopt, .count_max = kScanCount}));
    if (page.empty()) {
      return all;
    }
    std::ranges::move(page, std::back_inserter(all));
  }
}

bool is_for(const Submission& submission, const std::string& member) {
  return std::ranges::find(submission.recipients, member) != submission.recipients.end();
}

template <class Store>
std::vector<std::string> audit(const std::string& name, Store& store) {
  exchange::Auditor auditor(store.genesis());
  std::vector<std::string> violations;
  std::uint64_t from = 0;
  while (true) {
    const Result<v1::AuditPageReply> page = store.audit_page(from, kPageBytes);
    if (!page.has_value()) {
      return {"P8: " + name + "'s store cannot be read: " + page.error().to_string()};
    }
    for (const v1::AuditBatch& batch : page->batches()) {
      static_cast<void>(auditor.batch(batch));
    }
    from = page->next_index();
    if (from == 0) {
      auditor.last_page(*page);
      for (const exchange::AuditFinding& finding :
           auditor.finish(page->size(), page->root()).findings) {
        violations.push_back("P8: " + name + "'s store: " + finding.error.to_string());
      }
      break;
    }
  }
  if (const Result<void> checked = store.check(); !checked.has_value()) {
    violations.push_back("P8: " + name + "'s store: " + checked.error().to_string());
  }
  return violations;
}

}  // namespace

bool Oracle::is_due(const Submission& submission, const Seat& seat) const {
  return submission.told == Told::kQueued && submission.asked_first >= seat.since &&
         is_for(submission, seat.member) && (seat.is_only_one || !may_be_erased(submission));
}

bool Oracle::may_be_erased(const Submission& submission) const {
  return submission.kind == "contact" && retention_passed_.has_value() &&
         submission.asked_first <= *retention_passed_;
}

std::size_t Oracle::missing(const Seat& seat, node::NodeStore& store) const {
  std::set<std::string> shown;
  for (const node::NodeStore::InboxHead& head : all_heads(store)) {
    shown.insert(head.draft.notice_id());
  }
  return static_cast<std::size_t>(std::ranges::count_if(submissions_, [&](const auto& item) {
    return is_due(item.second, seat) && !shown.contains(item.first);
  }));
}

std::vector<std::string> Oracle::judge_inbox(const Seat& seat, node::NodeStore& store) const {
  std::vector<std::string> violations;
  const auto add = [&](const char* promise, const std::string& what) {
    violations.push_back(promise + (": " + seat.name) + what);
  };
  std::set<std::string> shown;
  // The newest moment at which one was asked for, of those that arrived, by machine and precedence.
  std::map<std::pair<std::string, v1::Precedence>, Micros> newest;
  for (const node::NodeStore::InboxHead& head : all_heads(store)) {
    const std::string& id = head.draft.notice_id();
    const auto found = submissions_.find(id);
    if (found == submissions_.end()) {
      add("P5", " shows a notice that nobody published");
      continue;
    }
    const Submission& submission = found->second;
    const std::string name = "'" + submission.subject + "'";
    if (!shown.insert(id).second) {
      add("P2", " has " + name + " twice");
    }
    if (submission.told == Told::kRefused || submission.told == Told::kExpired) {
      add("P6", " shows " + name + ", which was refused");
    }
    if (!is_for(submission, seat.member)) {
      add("P5", " shows " + name + ", which is for others");
    }
    if (test::must(store.inbox_item(head.arrival)).erased_at_ms() != 0 &&
        !may_be_erased(submission)) {
      add("P1", " erased " + name + " before its time");
    }
    Micros& asked_last = newest[{submission.node, submission.precedence}];
    if (submission.told == Told::kQueued && submission.told_at < asked_last &&
        !submission.was_aside) {
      add("P3", " has " + name + " after what was published later");
    }
    asked_last = std::max(asked_last, submission.asked_first);
  }
  for (const auto& [id, submission] : submissions_) {
    if (is_due(submission, seat) && !shown.contains(id)) {
      add("P1", " never got '" + submission.subject + "'");
    }
  }
  return violations;
}

std::vector<std::string> Oracle::judge_readings(const Seat& seat,
                                                const std::vector<Reading>& readings) const {
  std::vector<std::string> violations;
  const auto add = [&](const char* promise, const Reading& reading, const char* what) {
    violations.push_back(promise + (": " + seat.name) + "'s reader was handed '" + reading.subject +
                         "' " + what);
  };
  std::map<std::string, std::uint64_t> arrivals;
  for (const Reading& reading : readings) {
    const auto found = submissions_.find(reading.notice_id);
    if (found == submissions_.end()) {
      add("P5", reading, "which nobody published");
    } else if (reading.erased ? !may_be_erased(found->second)
                              : found->second.subject != reading.subject) {
      add("P5", reading, "which nobody published so");
    }
    if (reading.arrival <= reading.acknowledged) {
      add("P2", reading, "again after it had acknowledged it");
    }
    const auto [known, is_new] = arrivals.try_emplace(reading.notice_id, reading.arrival);
    if (!is_new && known->second != reading.arrival) {
      add("P2", reading, "as another arrival");
    }
  }
  return violations;
}

std::vector<std::string> Oracle::judge_store(const std::string& name, broker::HubStore& store) {
  return audit(name, store);
}

std::vector<std::string> Oracle::judge_store(const std::string& name, node::NodeStore& store) {
  return audit(name, store);
}

}  // namespace chancery::sim
