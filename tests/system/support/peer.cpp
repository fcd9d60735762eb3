#include "tests/system/support/peer.h"

#include <gtest/gtest.h>

#include <thread>
#include <utility>

#include "core/exchange/compose.h"
#include "core/exchange/kinds.h"

namespace chancery::test {
namespace {

constexpr std::uint64_t kCreditBytes = 16U << 20U;

zmq::Dealer connect(zmq::Context& context, const TrialHub& hub, std::string_view key_name) {
  return must(
      zmq::Dealer::connect(context, {.endpoint = hub.endpoint(),
                                     .own = curve_pair(key_name),
                                     .server_public = curve_pair("hub transport").public_key,
                                     .frame_bytes_max = 16U << 20U,
                                     .receive_count_max = 100'000,
                                     .reconnect_min = std::chrono::milliseconds(20)}));
}

std::string name_of(std::uint32_t wire_code) {
  const std::optional<ErrorCode> code = error_code_from_wire(wire_code);
  return code.has_value() ? std::string(error_info(*code).name) : "no such code";
}

}  // namespace

Peer::Peer(zmq::Context& context, const TestExchange& exchange, const TrialHub& hub,
           std::string_view key_name, PeerOptions options)
    : exchange_(exchange), options_(options), dealer_(connect(context, hub, key_name)) {}

// Connects anew where the connection was lost.
std::optional<zmq::LinkEvent> Peer::next_event() {
  const std::optional<zmq::LinkEvent> event = dealer_.next_event();
  if (event.has_value() && event->state == zmq::LinkState::kDisconnected) {
    EXPECT_TRUE(dealer_.reconnect());
  }
  return event;
}

bool Peer::reaches(zmq::LinkState state, std::chrono::milliseconds patience) {
  return eventually(
      [&] {
        const std::optional<zmq::LinkEvent> event = next_event();
        return event.has_value() && event->state == state;
      },
      patience);
}

bool Peer::greet(std::uint64_t cursor) {
  v1::UpMessage message;
  v1::Hello& hello = *message.mutable_hello();
  hello.set_protocol(1);
  hello.set_genesis(to_string(exchange_.genesis()));
  hello.set_cursor(cursor);
  hello.set_cursor_urgent(cursor);
  if (options_.credit_items > 0) {
    hello.mutable_credits()->set_items(options_.credit_items);
    hello.mutable_credits()->set_bytes(kCreditBytes);
    *hello.mutable_credits_urgent() = hello.credits();
  }
  hello.set_instance(std::string(kInstance));
  welcome_ = false;
  return send(message) && eventually([&] {
           drain();
           return welcome_;
         });
}

bool Peer::send(const std::string& frame) {
  return eventually([&] {
    if (dealer_.send({frame}).has_value()) {
      return true;
    }
    while (next_event().has_value()) {
    }
    return false;
  });
}

bool Peer::submit(const std::vector<std::string>& envelopes) {
  v1::UpMessage message;
  for (const std::string& envelope : envelopes) {
    message.mutable_submit()->add_envelopes(envelope);
  }
  return send(message);
}

void Peer::credit(std::uint64_t items) {
  v1::UpMessage message;
  v1::Credit& credit = *message.mutable_credit();
  if (!delivered_.empty()) {
    credit.set_cursor(delivered_.rbegin()->first + 1);
    credit.set_cursor_urgent(credit.cursor());
  }
  credit.mutable_credits()->set_items(items);
  credit.mutable_credits()->set_bytes(kCreditBytes);
  *credit.mutable_credits_urgent() = credit.credits();
  // Without a connection there is nobody to give credits to: the next Hello gives them.
  EXPECT_TRUE(eventually([&] {
    const Result<> sent = dealer_.send({message.SerializeAsString()});
    return sent.has_value() || sent.error().code == ErrorCode::kUnavailable;
  }));
}

std::optional<v1::DownMessage> Peer::next(std::chrono::milliseconds patience) {
  std::optional<std::vector<std::string>> frames;
  if (!eventually([&] { return (frames = dealer_.receive()).has_value(); }, patience) ||
      !frames.has_value()) {
    return std::nullopt;
  }
  v1::DownMessage message;
  EXPECT_EQ(frames->size(), 2U);
  EXPECT_TRUE(message.ParseFromString(frames->back()));
  return message;
}

void Peer::take(const v1::DownMessage& message) {
  if (message.has_welcome()) {
    welcome_ = true;
    head_ = message.welcome().head();
  }
  if (message.has_pong()) {
    pong_ = message.pong().nonce();
  }
  for (const v1::AcceptedItem& item : message.accepted().items()) {
    answers_.emplace_back(item.notice_id(), "accepted");
    indices_[item.notice_id()] = item.index();
  }
  for (const v1::RefusedItem& item : message.refused().items()) {
    answers_.emplace_back(item.notice_id(), name_of(item.code()));
  }
  if (message.has_fault()) {
    answers_.emplace_back("", name_of(message.fault().code()));
  }
  for (const v1::Delivery& delivery : message.deliver().deliveries()) {
    delivered_[delivery.index()] = delivery.envelope();
  }
  if (message.has_deliver() && options_.credits_again) {
    credit(options_.credit_items);
  }
}

void Peer::drain() {
  while (const std::optional<v1::DownMessage> message = next(std::chrono::milliseconds(0))) {
    take(*message);
  }
}

std::map<std::string, std::string> Peer::answers(std::size_t count,
                                                 std::chrono::milliseconds patience) {
  EXPECT_TRUE(eventually(
      [&] {
        drain();
        return answers_.size() >= count;
      },
      patience))
      << answers_.size() << " of " << count << " answers";
  const std::vector<std::pair<std::string, std::string>> taken = std::exchange(answers_, {});
  return {taken.begin(), taken.end()};
}

std::string Peer::answer_to(const std::string& frame) {
  drain();
  answers_.clear();
  if (!send(frame)) {
    return "not sent";
  }
  const bool answered = eventually([&] {
    drain();
    return !answers_.empty();
  });
  return answered ? std::exchange(answers_, {}).front().second : "silence";
}

std::string Peer::answer_to_envelope(const std::string& envelope) {
  v1::UpMessage message;
  message.mutable_submit()->add_envelopes(envelope);
  return answer_to(message.SerializeAsString());
}

bool Peer::alive() {
  v1::UpMessage message;
  message.mutable_ping()->set_nonce(7);
  pong_.reset();
  return send(message) && eventually([&] {
           drain();
           return pong_ == 7;
         });
}

std::string text_with(std::string_view subject) {
  return must(exchange::text_from_json("threat.alert", subject, "en", "{}")).SerializeAsString();
}

v1::Header Author::header(const v1::Draft& draft) {
  exchange::Stamp stamp = exchange_.next_stamp();
  stamp.log_seen = seen_;
  v1::Header header;
  header.ParseFromString(exchange::make_header(draft.SerializeAsString(), stamp));
  return header;
}

Unsigned Author::with_header(std::string header, std::string body) const {
  Unsigned made{.header = std::move(header), .body = std::move(body), .d = {}};
  made.d = exchange::envelope_hash(exchange_.genesis(), made.header, made.body);
  return made;
}

Unsigned Author::clear(v1::Draft draft, std::string_view text) {
  draft.set_text_digest(to_string(exchange::text_digest(text)));
  return with_header(header(draft).SerializeAsString(), exchange::clear_body(text));
}

Unsigned Author::sealed(v1::Draft draft, std::string_view subject) {
  return sealed_bytes(std::move(draft), text_with(subject));
}

Unsigned Author::sealed_bytes(v1::Draft draft, std::string_view text) {
  std::vector<std::string> codes;
  for (const v1::Recipient& recipient : draft.recipients()) {
    codes.push_back(recipient.member());
  }
  const std::vector<crypto::PublicKey> keys =
      must(exchange::sealing_keys_for(draft.origin(), codes, exchange_.directory()));
  const std::string number = std::to_string(++counter_) + " of " + draft.origin();
  const exchange::SealGroup group = must(exchange::SealGroup::make(
      exchange::seal_info(exchange_.genesis(), draft.origin(), codes), keys,
      seeded_bytes("author " + number, exchange::SealGroup::random_bytes_needed(keys.size()))));
  const std::string plaintext =
      must(exchange::pad_text(seeded_bytes("text " + number, exchange::kTextSaltBytes), text));
  draft.set_text_digest(to_string(exchange::text_digest(plaintext)));
  std::string bytes = header(draft).SerializeAsString();
  std::string body = must(group.seal(bytes, plaintext));
  return with_header(std::move(bytes), std::move(body));
}

std::string Author::publish(const v1::Draft& draft, std::string_view subject) {
  return exchange_.sign(sealed(draft, subject), node_key_name(draft.origin(), 1, "signing"));
}

std::string Author::publish(std::string_view origin, const std::vector<std::string>& recipients,
                            std::string_view subject) {
  return publish(exchange_.draft(origin, recipients), subject);
}

}  // namespace chancery::test
