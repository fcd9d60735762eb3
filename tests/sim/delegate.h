// People who consult: a delegate at each member's node opens consultations, answers those of
// others, and thinks better of it, through the member's publisher. What they were told is in the
// publisher's log, so that the oracle can hold it against what every member makes of the log.

#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "chancery/v1/notices.pb.h"
#include "tests/sim/application.h"

namespace chancery::sim {

class Delegate {
 public:
  Delegate(Surroundings& around, NodeMachine& node, Publisher& publisher, const Reader& reader,
           std::vector<std::string> members, Random random);

  // Looks at what came, from now on.
  void start();
  // Says nothing new any more.
  void finish() { finishing_ = true; }
  // Puts a text to some of the others, and perhaps to its own people.
  void open();

 private:
  void look();
  void take(const Reading& opening);
  // By the terms of an opening that its own node queued: perhaps it extends or ends what it opened.
  void lead(std::size_t opening, const v1::ConsultationOpen& terms);
  // An answer that it may change later.
  void respond(const std::string& opening, const v1::ConsultationOpen& terms,
               const std::string& opener, std::uint64_t changes_mind);
  // To all parties. The place among the publisher's submissions.
  template <class Content>
  std::size_t say(const std::string& what, const std::set<std::string>& parties,
                  const Content& content, const std::string& opening,
                  const std::string& supersedes = {});
  void sometime(Micros within, Scheduler::Action action);

  Surroundings& around_;
  NodeMachine& node_;
  Publisher& publisher_;
  const Reader& reader_;
  std::vector<std::string> members_;
  Random random_;
  std::size_t seen_ = 0;         // Of what the reader was handed.
  std::set<std::string> known_;  // Ns: it is handed some twice.
  bool finishing_ = false;
};

}  // namespace chancery::sim
