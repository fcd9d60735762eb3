// The oracle: from what the applications asked and were told, and from what stands in the nodes, it
// judges whether the exchange kept its promises.
//
//   P1  no notice that was queued is lost: each recipient shows it
//   P2  none enters an inbox twice, or returns to a cursor that acknowledged it
//   P3  in the order of its origin, within a precedence and for each recipient; not what its node
//       set aside since the hub found it expired (decision 0024)
//   P5  nothing is delivered that was not submitted
//   P6  what was refused, or expired, appears nowhere; of an unknown outcome at most one
//   P7  queues drain once everything is healed (the simulation waits for it; see drained())
//   P8  every stored record verifies again: the audit of each store
//
// To P1 belongs that a body is erased only where the roster says so and its time has passed.
//
// P4 is of the witnesses and P9, P10 of processes: neither is judged here.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "broker/store/hub_store.h"
#include "core/base/result.h"
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

class Oracle {
 public:
  void submitted(const Submission& submission) { submissions_[submission.notice_id] = submission; }
  // When all clocks went on by more than any body is kept, if they did.
  void retention_passed(std::optional<Micros> when) { retention_passed_ = when; }

  // How many notices are still on their way to this node.
  [[nodiscard]] std::size_t missing(const Seat& seat, node::NodeStore& store) const;

  // P1, P2, P3, P5 and P6 of one node's inbox, and of what its reader was handed.
  [[nodiscard]] std::vector<std::string> judge_inbox(const Seat& seat,
                                                     node::NodeStore& store) const;
  [[nodiscard]] std::vector<std::string> judge_readings(const Seat& seat,
                                                        const std::vector<Reading>& readings) const;

  // P8, with the auditor that is shipped.
  [[nodiscard]] static std::vector<std::string> judge_store(const std::string& name,
                                                            broker::HubStore& store);
  [[nodiscard]] static std::vector<std::string> judge_store(const std::string& name,
                                                            node::NodeStore& store);

 private:
  [[nodiscard]] bool is_due(const Submission& submission, const Seat& seat) const;
  [[nodiscard]] bool may_be_erased(const Submission& submission) const;

  std::map<std::string, Submission> submissions_;  // By notice id.
  std::optional<Micros> retention_passed_;
};

}  // namespace chancery::sim
