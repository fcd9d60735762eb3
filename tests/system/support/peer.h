// A node's end of the link, in the test's hands: it says what no honest node says.
//
// Connects over CURVE with any key that the test names, greets or does not, and sends envelopes or
// bare frames. What the hub answers is told as a word: "accepted", or the name of the error.

#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/v1/link.pb.h"
#include "io/zmq/context.h"
#include "io/zmq/dealer.h"
#include "tests/support/exchange.h"
#include "tests/system/support/trial.h"

namespace chancery::test {

// All peers of a test are one daemon, as far as the hub can tell.
inline constexpr std::string_view kInstance = "a daemon of ours";

struct PeerOptions {
  std::uint64_t credit_items = 1024;
  bool credits_again = true;  // Moves its window on after each delivery.
};

class Peer {
 public:
  Peer(zmq::Context& context, const TestExchange& exchange, const TrialHub& hub,
       std::string_view key_name, PeerOptions options = {});

  // Connects (waiting for the hub) and says hello: true where it is welcome.
  [[nodiscard]] bool greet(std::uint64_t cursor = 0);
  [[nodiscard]] bool reaches(zmq::LinkState state, std::chrono::milliseconds patience = kPatience);

  [[nodiscard]] bool send(const v1::UpMessage& message) {
    return send(message.SerializeAsString());
  }
  [[nodiscard]] bool send(const std::string& frame);
  [[nodiscard]] bool submit(const std::vector<std::string>& envelopes);
  void credit(std::uint64_t items);

  // The answer to a frame or to one envelope; "silence" where there is none.
  [[nodiscard]] std::string answer_to(const std::string& frame);
  [[nodiscard]] std::string answer_to_envelope(const std::string& envelope);
  // The next `count` answers to envelopes: notice id -> "accepted" or the error; "" for a Fault.
  [[nodiscard]] std::map<std::string, std::string> answers(
      std::size_t count, std::chrono::milliseconds patience = kPatience);
  // Takes what has come, without waiting.
  void drain();
  [[nodiscard]] bool alive();  // Ping is answered by its pong.

  [[nodiscard]] const v1::TreeHead& head() const { return head_; }  // Of the welcome.
  [[nodiscard]] const std::map<std::uint64_t, std::string>& delivered() const { return delivered_; }
  [[nodiscard]] const std::map<std::string, std::uint64_t>& indices() const { return indices_; }
  [[nodiscard]] zmq::Dealer& dealer() { return dealer_; }

 private:
  std::optional<zmq::LinkEvent> next_event();
  // Takes one message; nothing where none came in time.
  std::optional<v1::DownMessage> next(std::chrono::milliseconds patience);
  void take(const v1::DownMessage& message);

  const TestExchange& exchange_;
  PeerOptions options_;
  zmq::Dealer dealer_;
  v1::TreeHead head_;
  std::vector<std::pair<std::string, std::string>> answers_;  // Not asked for yet.
  std::map<std::string, std::uint64_t> indices_;              // Of what was accepted, by notice id.
  std::map<std::uint64_t, std::string> delivered_;
  bool welcome_ = false;
  std::optional<std::uint64_t> pong_;
};

// Makes envelopes as an origin does that has seen the hub's log; TestExchange's own saw none.
class Author {
 public:
  Author(TestExchange& exchange, v1::TreeHead seen) : exchange_(exchange), seen_(std::move(seen)) {}

  [[nodiscard]] Unsigned sealed(v1::Draft draft, std::string_view subject);
  [[nodiscard]] Unsigned sealed_bytes(v1::Draft draft, std::string_view text);
  [[nodiscard]] Unsigned clear(v1::Draft draft, std::string_view text);
  // Sealed, and signed by node 1 of its origin.
  [[nodiscard]] std::string publish(const v1::Draft& draft, std::string_view subject);
  [[nodiscard]] std::string publish(std::string_view origin,
                                    const std::vector<std::string>& recipients,
                                    std::string_view subject);
  void saw(v1::TreeHead head) { seen_ = std::move(head); }
  // The parts around a header of the test's own.
  [[nodiscard]] Unsigned with_header(std::string header, std::string body) const;
  [[nodiscard]] v1::Header header(const v1::Draft& draft);

 private:
  TestExchange& exchange_;
  v1::TreeHead seen_;
  std::uint64_t counter_ = 0;
};

// A Text with this subject and an empty content, which fits every kind.
[[nodiscard]] std::string text_with(std::string_view subject);

}  // namespace chancery::test
