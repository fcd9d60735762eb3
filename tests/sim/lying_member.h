// A member that lies: its authority enrols a node of which nobody else knows, and that node signs
// what no honest one would. The member's own node and people go on as all others do.
//
//   bodies     two notices under one id: the hub refuses the second, and keeps both as evidence
//   seal       a sealed body that does not open: its recipients show nothing, and say so
//   statement  a count that is false: a dispute at the peer that it is made to
//
// Each is told anew until it is noticed, since hubs and lines fail.

#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/application.h"
#include "tests/sim/authorities.h"
#include "tests/sim/machine.h"
#include "tests/sim/random.h"

namespace chancery::sim {

class LyingMember {
 public:
  LyingMember(Surroundings& around, HubMachine& hub, Authorities& authorities, std::string member,
              int key_number, std::vector<std::string> members, Random random);

  void start();
  [[nodiscard]] const std::string& member() const { return member_; }
  // What the log and inboxes may have of it.
  [[nodiscard]] const std::deque<Submission>& published() const { return published_; }
  void noticed(const std::string& lie) { unnoticed_.erase(lie); }
  [[nodiscard]] const std::set<std::string>& unnoticed() const { return unnoticed_; }

 private:
  void lie();
  void hand_in(const test::Unsigned& made);
  void tell_bodies(const exchange::Directory& directory);
  void tell_seal(const exchange::Directory& directory);
  void tell_statement(const exchange::Directory& directory);
  v1::Draft draft(std::string_view kind);
  void publish(const v1::Draft& draft, const std::string& subject, bool opens);

  Surroundings& around_;
  HubMachine& hub_;
  Authorities& authorities_;
  std::string member_;
  int key_number_;
  std::vector<std::string> others_;
  Random random_;
  std::deque<Submission> published_;
  std::set<std::string> unnoticed_ = {"bodies", "seal", "statement"};
};

}  // namespace chancery::sim
