// The oracle: from what the applications asked and were told, and from what stands in the nodes, it
// judges whether the exchange kept its promises.
//
//   P1  no notice that was queued is lost: each recipient shows it
//   P2  none enters an inbox twice, or returns to a cursor that acknowledged it
//   P3  in the order of its origin, within a precedence and for each recipient
//   P5  nothing is delivered that was not submitted
//   P6  what was refused appears nowhere; of an unknown outcome at most one
//   P7  queues drain once everything is healed (the simulation waits for it; see drained())
//   P8  every stored record verifies again: the audit of each store
//
// P4 is of the witnesses and P9, P10 of processes: neither is judged here.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "broker/store/hub_store.h"
#include "core/base/result.h"
#include "node/store/node_store.h"
#include "tests/sim/application.h"

namespace chancery::sim {

class Oracle {
 public:
  void submitted(const Submission& submission) { submissions_[submission.notice_id] = submission; }

  // How many notices are still on their way to this member.
  [[nodiscard]] std::size_t missing(const std::string& member, node::NodeStore& store) const;

  // P1, P2, P3, P5 and P6 of one member's inbox, and of what its reader was handed.
  [[nodiscard]] std::vector<std::string> judge_inbox(const std::string& member,
                                                     node::NodeStore& store) const;
  [[nodiscard]] std::vector<std::string> judge_readings(const std::string& member,
                                                        const std::vector<Reading>& readings) const;

  // P8, with the auditor that is shipped.
  [[nodiscard]] static std::vector<std::string> judge_store(const std::string& name,
                                                            broker::HubStore& store);
  [[nodiscard]] static std::vector<std::string> judge_store(const std::string& name,
                                                            node::NodeStore& store);

 private:
  std::map<std::string, Submission> submissions_;  // By notice id.
};

}  // namespace chancery::sim
