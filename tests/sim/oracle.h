// The oracle: from what the applications asked and were told, and from what stands in the nodes, it
// judges whether the exchange kept its promises.
//
//   P1  no notice that was queued is lost: each recipient shows it, and its reader was handed it
//   P2  none enters an inbox twice, or returns to a cursor that acknowledged it
//   P3  in the order of its origin, within a precedence and for each recipient; a reader is handed
//       all of a lane, from the first on. Not what its node set aside since the hub found it
//       expired (decision 0024)
//   P4  what a quorum of witnesses cosigned, as each node has it, is of the hub's log
//       And what a node takes for delivered to a member is at a node of that member; no two ends
//       of a pair count otherwise (the simulation watches that)
//   P5  nothing is delivered, or logged, that was not submitted so, in any part of it
//   P6  what was refused, or expired, appears nowhere; of an unknown outcome one at each recipient,
//       or none at all
//   P7  queues drain once everything is healed (the simulation waits for it; see drained())
//   P11 once everything is healed, all members make the same of a consultation. And none is agreed
//       against what a party had said in time, by the clock of its node, whatever a hub kept back
//   P8  every stored record verifies again: the audit of each store, which has quarantined
//       nothing; and the log of each node is the hub's
//
// To P1 belongs that a body is erased only where the roster says so and its time has passed.
//
// P9 and P10 are of processes, and not judged here.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/store/hub_store.h"
#include "core/base/result.h"
#include "node/store/consultation.h"
#include "node/store/node_store.h"
#include "tests/sim/application.h"

namespace chancery::sim {

// A node of a member: what was asked for since it was enrolled has to be in its inbox. A body may
// be erased once one node of each recipient has it, so that the others may miss it.
struct Seat {
  std::string name;
  std::string member;
  Micros since = 0;
  bool is_only_one = true;
};

// What a consultation came to, where each party stands, and by which entries.
[[nodiscard]] std::string told(const node::HeldConsultation& held);

class Oracle {
 public:
  void submitted(const Submission& submission) { submissions_[submission.notice_id] = submission; }
  // When all clocks went on by more than any body is kept, if they did.
  void retention_passed(std::optional<Micros> when) { retention_passed_ = when; }

  // How many notices are still on their way to this node.
  [[nodiscard]] std::size_t missing(const Seat& seat, node::NodeStore& store) const;

  // The hub's log, of which the nodes' have to be a part: the first to be judged. Its size.
  std::uint64_t judge_hub(broker::HubStore& store);
  // One node's log and inbox, and what its reader was handed.
  void judge_node(const Seat& seat, node::NodeStore& store, const std::vector<Reading>& readings);
  void judge_delivered();  // After all nodes.
  // What a node makes of the consultations that it holds. With `drained`, everybody has all of
  // them.
  void judge_consultations(const Seat& seat, node::NodeStore& store, bool drained);
  // How many, by what they came to, at all seats together.
  [[nodiscard]] const std::map<workflow::Conclusion, std::uint64_t>& outcomes() const {
    return outcomes_;
  }
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }

 private:
  using Arrivals = exchange::PerLane<std::vector<std::uint64_t>>;  // As a cursor passes them.

  // Whether it has to come to this node, where it came anywhere.
  [[nodiscard]] bool is_due(const Submission& submission, const Seat& seat) const;
  [[nodiscard]] bool may_be_erased(const Submission& submission) const;
  // What somebody shows: the submission that it is, if it is one. No text is none to compare.
  const Submission* judge_notice(const std::string& who, const v1::Draft& draft,
                                 const std::optional<std::string>& text, bool erased);
  void judge_readings(const Seat& seat, const Arrivals& arrivals,
                      const exchange::PerLane<std::uint64_t>& cursor,
                      const std::vector<Reading>& readings);
  void judge_cosigned(const std::string& who, const node::CosignedNote& head);
  void note_delivered(const Seat& seat, node::NodeStore& store);
  void judge_logged(const v1::AuditBatch& batch, const Hash& genesis);
  // P8, with the auditor that is shipped; `visit` sees each batch. The size of the log, and its
  // root.
  using Visit = std::function<void(const v1::AuditBatch& batch)>;
  template <class Store>
  std::pair<std::uint64_t, std::string> audit(const std::string& name, Store& store,
                                              const Visit& visit);
  void violation(std::string what) { violations_.push_back(std::move(what)); }

  std::map<std::string, Submission> submissions_;  // By notice id.
  std::optional<Micros> retention_passed_;
  std::set<std::string> logged_;  // Notice ids in the hub's log.
  struct Claim {
    std::string who;
    std::string notice_id;
    std::string recipient;
  };
  std::vector<Claim> delivered_;                           // By statements that agreed.
  std::set<std::pair<std::string, std::string>> held_by_;  // Notice ids, and who shows them.
  std::map<std::uint64_t, std::string> roots_;             // Of the hub's log, by its size.
  struct Concluded {
    std::string who;
    std::string outcome;  // In words.
  };
  std::map<Hash, Concluded> concluded_;  // By opening, at the first who had it.
  struct Final {
    std::string who;
    workflow::Conclusion conclusion;
  };
  std::map<Hash, Final> finals_;  // By opening, at the first who had it, whatever the hub did.
  void judge_agreed(const std::string& who, const node::HeldConsultation& held);
  std::map<workflow::Conclusion, std::uint64_t> outcomes_;
  std::vector<std::string> violations_;
};

}  // namespace chancery::sim
