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

std::size_t Oracle::missing(const std::string& member, node::NodeStore& store) const {
  std::set<std::string> shown;
  for (const node::NodeStore::InboxHead& head : all_heads(store)) {
    shown.insert(head.draft.notice_id());
  }
  return static_cast<std::size_t>(std::ranges::count_if(submissions_, [&](const auto& item) {
    return item.second.told == Told::kQueued && is_for(item.second, member) &&
           !shown.contains(item.first);
  }));
}

std::vector<std::string> Oracle::judge_inbox(const std::string& member,
                                             node::NodeStore& store) const {
  std::vector<std::string> violations;
  std::set<std::string> shown;
  // The newest moment at which one was asked for, of those that arrived, by origin and precedence.
  std::map<std::pair<std::string, v1::Precedence>, Micros> newest;
  for (const node::NodeStore::InboxHead& head : all_heads(store)) {
    const std::string& id = head.draft.notice_id();
    const auto found = submissions_.find(id);
    if (found == submissions_.end()) {
      violations.push_back("P5: " + member + " shows a notice that nobody published");
      continue;
    }
    const Submission& submission = found->second;
    if (!shown.insert(id).second) {
      violations.push_back("P2: " + member + " has '" + submission.subject + "' twice");
    }
    if (submission.told == Told::kRefused) {
      violations.push_back("P6: " + member + " shows '" + submission.subject +
                           "', which was refused");
    }
    if (!is_for(submission, member)) {
      violations.push_back("P5: " + member + " shows '" + submission.subject +
                           "', which is for others");
    }
    Micros& asked_last = newest[{submission.origin, submission.precedence}];
    if (submission.told == Told::kQueued && submission.told_at < asked_last) {
      violations.push_back("P3: at " + member + " '" + submission.subject +
                           "' comes after what was published later");
    }
    asked_last = std::max(asked_last, submission.asked_first);
  }
  for (const auto& [id, submission] : submissions_) {
    if (submission.told == Told::kQueued && is_for(submission, member) && !shown.contains(id)) {
      violations.push_back("P1: '" + submission.subject + "' never reached " + member);
    }
  }
  return violations;
}

std::vector<std::string> Oracle::judge_readings(const std::string& member,
                                                const std::vector<Reading>& readings) const {
  std::vector<std::string> violations;
  std::map<std::string, std::uint64_t> arrivals;
  for (const Reading& reading : readings) {
    const auto found = submissions_.find(reading.notice_id);
    if (found == submissions_.end() || found->second.subject != reading.subject) {
      violations.push_back("P5: " + member + "'s reader was handed '" + reading.subject +
                           "', which nobody published so");
    }
    if (reading.arrival <= reading.acknowledged) {
      violations.push_back("P2: " + member + "'s reader was handed '" + reading.subject +
                           "' again after it had acknowledged it");
    }
    const auto [known, is_new] = arrivals.try_emplace(reading.notice_id, reading.arrival);
    if (!is_new && known->second != reading.arrival) {
      violations.push_back("P2: '" + reading.subject + "' arrived twice at " + member);
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
