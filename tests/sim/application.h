// The people's side: an application that publishes at a node and one that reads its inbox, and the
// log of what they asked and were told, which no fault reaches. The oracle judges by that log
// alone.

#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "chancery/v1/local.pb.h"
#include "chancery/v1/text.pb.h"
#include "tests/sim/machine.h"

namespace chancery::sim {

enum class Told : std::uint8_t {
  kNothing,   // Nobody answered: the outcome is unknown.
  kQueued,    // "It is durable in the outbox": from here on it must not get lost.
  kRefused,   // It must not appear anywhere.
  kExpired,   // It was queued, and refused later, since its time was over: neither.
  kUnvoiced,  // So is a word of a member whose node with voice was revoked meanwhile.
};

// One notice that an application asked to publish.
struct Submission {
  std::string origin;
  std::string node;          // The machine that was asked.
  std::uint64_t number = 0;  // In the order of its application.
  std::string notice_id;
  std::string subject;
  std::string text{};  // A Text; where it is empty, one of this subject.
  v1::Precedence precedence = v1::PRECEDENCE_ROUTINE;
  std::string kind;
  std::vector<std::string> recipients;
  std::uint64_t expires_at_ms = 0;
  Micros asked_first = 0;
  std::uint64_t asked_count = 0;
  Micros told_at = 0;
  std::string notice{};         // N, as its node said.
  std::uint64_t newest_ms = 0;  // By the clock of its node, while it was asked and answered.
  Told told = Told::kNothing;
  bool was_aside = false;  // The hub found it expired, and its node did not.
  bool opens = true;       // What is sealed otherwise is shown to nobody.
};

[[nodiscard]] std::string text_of(const Submission& submission);

// What a reader was handed, in its order.
struct Reading {
  std::uint64_t arrival = 0;
  std::string notice;  // N
  v1::Draft draft;
  std::string text;
  bool erased = false;
  bool given_back = false;         // Before.
  std::uint64_t acknowledged = 0;  // What the cursor had been told before, in its lane.
};

struct Workload {
  Micros pause_max = 60 * kSecond;  // Between two bursts of an application.
  std::uint64_t burst_max = 8;      // Notices in a burst.
  std::uint64_t flood_ppm = 0;      // One of up to flood_max.
  std::uint64_t flood_max = 1'500;
  std::uint64_t abandon_ppm = 100'000;  // Gives up where nobody answers: the outcome stays unknown.
  std::uint64_t contact_ppm = 0;        // Of a kind whose bodies the roster has erased in time.
  std::uint64_t expires_ppm = 0;        // Expires within a minute.
};

// Publishes in bursts; what nobody answered is asked again under the same id, in the same order.
class Publisher {
 public:
  Publisher(Surroundings& around, NodeMachine& node, std::vector<std::string> members,
            const Workload& workload, Random random);

  void start();
  // One more, of somebody else at this node. Its place among the submissions.
  std::size_t submit(std::string kind, std::vector<std::string> recipients, std::string text);
  // No new notices; what waits for an answer is asked for until there is one.
  void finish() { finishing_ = true; }
  void take_reply(const v1::LocalReply& reply);

  [[nodiscard]] const std::deque<Submission>& submissions() const { return submissions_; }
  // Of those that may be refused when they are queued already, what became of them, as the outbox
  // has it.
  void look_up_refused(node::NodeStore& store);
  [[nodiscard]] bool waits() const { return !waiting_.empty(); }

 private:
  void burst();
  Submission make();
  void ask(std::size_t number);
  void ask_all();
  void look_again(std::uint64_t round);

  Surroundings& around_;
  NodeMachine& node_;
  std::vector<std::string> others_;
  Workload workload_;
  Random random_;
  std::deque<Submission> submissions_;
  std::deque<std::size_t> waiting_;  // Numbers of those without an answer, in their order.
  std::uint64_t next_id_ = 1;
  std::uint64_t round_ = 0;
  bool finishing_ = false;
};

// Reads with a durable cursor, page by page; now and then it forgets to acknowledge, as one that
// crashed, or gives a notice back, for a while or until it is redriven.
class Reader {
 public:
  Reader(Surroundings& around, NodeMachine& node, Random random);

  void start() { ask(); }
  // Gives nothing back any more, and has what it gave up come again.
  void finish() { finishing_ = true; }
  void take_reply(const v1::LocalReply& reply);

  [[nodiscard]] const std::vector<Reading>& readings() const { return readings_; }

 private:
  void ask();
  void ask_again_after(Micros delay);
  void acknowledge();
  void send(v1::LocalRequest request);
  void take_page(const v1::InboxReply& page);
  void tell(const v1::InboxReply& page) const;  // Only in the story.
  void give_back(const v1::InboxItem& item);

  Surroundings& around_;
  NodeMachine& node_;
  Random random_;
  std::vector<Reading> readings_;
  v1::CursorRequest done_;  // What it says once it has given something of the page back.
  bool finishing_ = false;
  bool redriven_ = false;
  std::set<std::uint64_t> handed_;    // Arrivals that it was handed, …
  std::set<std::uint64_t> unmarked_;  // … and of these, those of which the disk took no note.
  exchange::PerLane<std::uint64_t> acknowledged_;
  std::uint64_t next_request_ = 1;
  std::uint64_t awaited_ = 0;  // The request whose answer comes next; others are late.
};

}  // namespace chancery::sim
